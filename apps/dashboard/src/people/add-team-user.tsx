'use client';

import { type FormEvent, useState } from 'react';
import type { Robot, Team, User } from '@molo/contracts';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { SuggestInput } from '../ui/field';
import { findPerson } from './find-person';
import { useAllRobots, useAllUsers, usePeopleChange } from './people-queries';

const none: readonly never[] = [];

export function AddTeamUser({ team }: { readonly team: Team }) {
  const [everybody, programs] = [useAllUsers(), useAllRobots()];
  const [users, robots]: readonly [readonly User[], readonly Robot[]] = [everybody.data ?? none, programs.data ?? none];
  const [typed, setTyped] = useState('');
  const [unknown, setUnknown] = useState<string>();
  const add = usePeopleChange((userId: string) => molo.addTeamUser({ params: { team: team.name, userId } }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const id = findPerson(typed, users, robots);
    setUnknown(id === undefined ? `There is no user ${typed.trim()}. Invite them first.` : undefined);
    if (id !== undefined) add.mutate(id, { onSuccess: () => setTyped('') });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3 rounded-b-xl border-t border-line bg-sunken/50 px-5 py-4">
      {add.isError && <ProblemNotice error={add.error} answers />}
      {[everybody, programs].map((each) => each.isError && each.data === undefined && <ProblemNotice key={each === everybody ? 'users' : 'robots'} error={each.error} onRetry={() => void each.refetch()} />)}
      <div className="flex items-start gap-3 [&>div]:min-w-0 [&>div]:flex-1">
        <SuggestInput
          label={`Add to ${team.name}`}
          placeholder="ada@example.com"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setUnknown(undefined);
          }}
          error={unknown}
          suggestions={suggestionsFor(team, users, robots)}
        />
        <Button type="submit" busy={add.isPending} disabled={typed.trim() === '' || everybody.data === undefined || programs.data === undefined} className="mt-[1.8rem]">
          Add
        </Button>
      </div>
    </form>
  );
}

/** Who is not in it yet. A robot of an app is in no team. */
function suggestionsFor(team: Team, users: readonly User[], robots: readonly Robot[]) {
  const inIt = new Set(team.users.map(({ id }) => id));
  return [
    ...users.filter(({ id }) => !inIt.has(id)).map(({ email, name }) => ({ value: email, hint: name })),
    ...robots.filter(({ id, app }) => app === null && !inIt.has(id)).map(({ name }) => ({ value: name, hint: 'robot' })),
  ];
}
