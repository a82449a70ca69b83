'use client';

import { type FormEvent, useState } from 'react';
import type { AppRole, Member } from '@molo/contracts';
import { peopleCommands } from '../people/people-commands';
import { useAllRobots, usePeopleChange } from '../people/people-queries';
import { appRoles } from '../people/roles';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { RadioList } from '../ui/radio-list';
import { commandWord, namedAs, nameOf } from './named';

export function ChangeMemberDialog({ app, member, onClose }: { readonly app: string; readonly member: Member; readonly onClose: () => void }) {
  // As it was when this was opened: what somebody else has changed meanwhile is not undone unseen.
  const [before] = useState(member);
  const [role, setRole] = useState<AppRole>(before.role);
  const named = namedAs(member.kind, nameOf(member, useAllRobots().data));
  const change = usePeopleChange(() => molo.changeMember({ params: { app, memberId: member.id }, body: { role } }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Dialog title={`Change the role of ${member.name}`} onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        {change.isError && <ProblemNotice error={change.error} answers />}
        <RadioList legend={`Role on ${app}`} choices={appRoles} value={role} onChange={setRole} />
        <Command text={peopleCommands.addMember(app, commandWord(named), role)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={change.isPending} disabled={role === before.role}>
            Change
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
