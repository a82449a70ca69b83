'use client';

import { type FormEvent, useState } from 'react';
import type { Robot, Team, User } from '@molo/contracts';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { SuggestInput } from '../ui/field';
import { findPerson } from './find-person';
import { usePeopleChange } from './people-queries';

interface AddTeamUserProps {
  readonly team: Team;
  readonly users: readonly User[];
  readonly robots: readonly Robot[];
}

export function AddTeamUser({ team, users, robots }: AddTeamUserProps) {
  const [typed, setTyped] = useState('');
  const [unknown, setUnknown] = useState<string>();
  const add = usePeopleChange((userId: string) => molo.addTeamUser({ params: { team: team.name, userId } }));
  const inIt = new Set(team.users.map(({ id }) => id));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const id = findPerson(typed, users, robots);
    setUnknown(id === undefined ? `There is no user ${typed.trim()}. Invite them first.` : undefined);
    if (id !== undefined) add.mutate(id, { onSuccess: () => setTyped('') });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3 rounded-b-xl border-t border-line bg-sunken/50 px-5 py-4">
      {add.isError && <ProblemNotice error={add.error} answers />}
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
          suggestions={[...users.filter(({ id }) => !inIt.has(id)).map(({ email, name }) => ({ value: email, hint: name })), ...robots.filter(({ id, app }) => app === null && !inIt.has(id)).map(({ name }) => ({ value: name, hint: 'robot' }))]}
        />
        <Button type="submit" busy={add.isPending} disabled={typed.trim() === ''} className="mt-[1.8rem]">
          Add
        </Button>
      </div>
    </form>
  );
}
