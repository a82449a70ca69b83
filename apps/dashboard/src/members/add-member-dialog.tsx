'use client';

import { type FormEvent, useState } from 'react';
import type { AppRole, Member } from '@molo/contracts';
import { peopleCommands } from '../people/people-commands';
import { useAllRobots, useAllTeams, useAllUsers, usePeopleChange } from '../people/people-queries';
import { appRoles } from '../people/roles';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Select, SuggestInput } from '../ui/field';
import { RadioList } from '../ui/radio-list';
import { commandWord, namedAs } from './named';

type Kind = Member['kind'];

const kinds = [
  { value: 'user', name: 'A user' },
  { value: 'team', name: 'A team' },
  { value: 'robot', name: 'A robot' },
] as const;

export function AddMemberDialog({ app, onClose }: { readonly app: string; readonly onClose: () => void }) {
  const [kind, setKind] = useState<Kind>('user');
  const [typed, setTyped] = useState('');
  const [role, setRole] = useState<AppRole>('developer');
  const named = namedAs(kind, typed.trim());
  const add = usePeopleChange(() => molo.setMember({ params: { app }, body: { ...named, role } }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Dialog title={`Give a role on ${app}`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {add.isError && <ProblemNotice error={add.error} answers />}
        <div className="grid gap-5 sm:grid-cols-[9rem_minmax(0,1fr)]">
          <Select
            label="To"
            value={kind}
            onChange={(event) => {
              setKind(kinds.find(({ value }) => value === event.target.value)?.value ?? 'user');
              setTyped('');
              add.reset();
            }}
            options={kinds}
          />
          <WhoField app={app} kind={kind} typed={typed} onTyped={setTyped} />
        </div>
        <RadioList legend={`Role on ${app}`} choices={appRoles} value={role} onChange={setRole} />
        <Command text={peopleCommands.addMember(app, commandWord(named), role)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={add.isPending} disabled={typed.trim() === ''}>
            Give the role
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface WhoFieldProps {
  readonly app: string;
  readonly kind: Kind;
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
}

const labels: Record<Kind, string> = { user: 'E-mail address', team: 'Name of the team', robot: 'Name of the robot' };
const none: readonly never[] = [];

/** Suggests those whom one may see; the admin of an app, who sees no other users, types. */
function WhoField({ app, kind, typed, onTyped }: WhoFieldProps) {
  const robots = useAllRobots().data ?? none;
  const suggestions: Record<Kind, readonly { readonly value: string; readonly hint?: string }[]> = {
    user: (useAllUsers().data ?? none).map(({ email, name }) => ({ value: email, hint: name })),
    team: (useAllTeams().data ?? none).map(({ name }) => ({ value: name })),
    // Those of the app have their role already; where one has the name of another, the name means the app's own.
    robot: robots.filter(({ name, app: of }) => of === null && !robots.some((own) => own.app === app && own.name.toLowerCase() === name.toLowerCase())).map(({ name }) => ({ value: name })),
  };
  return <SuggestInput label={labels[kind]} value={typed} onChange={(event) => onTyped(event.target.value)} suggestions={suggestions[kind]} autoFocus />;
}
