'use client';

import { type FormEvent, useState } from 'react';
import type { User } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { RadioList } from '../ui/radio-list';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';
import { roles } from './roles';

export function ChangeUserDialog({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  // As they were when this was opened: what somebody else has changed meanwhile is not undone unseen.
  const [before] = useState(user);
  const [name, setName] = useState(before.name);
  const [role, setRole] = useState(before.role);
  const changed = { ...(name === before.name ? {} : { name }), ...(role === before.role ? {} : { role }) };
  const isChanged = Object.keys(changed).length > 0;
  const change = usePeopleChange(() => molo.updateUser({ params: { userId: user.id }, body: changed }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isChanged) change.mutate(undefined, { onSuccess: onClose });
  };
  const wrong = sentence('It', fieldErrors(change.error).name);
  return (
    <Dialog title={`Change ${user.name}`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {change.isError && wrong === undefined && <ProblemNotice error={change.error} answers />}
        <Input label="Name" value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" maxLength={100} error={wrong} />
        <RadioList legend="Role on the platform" choices={roles} value={role} onChange={setRole} />
        <div className="flex flex-col gap-2">
          {(role !== before.role || !isChanged) && <Command text={peopleCommands.setRole(user.email, role)} />}
          {name !== before.name && <Command text={peopleCommands.rename(user.email, name)} />}
        </div>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={change.isPending} disabled={!isChanged}>
            Change
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
