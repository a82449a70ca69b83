'use client';

import { type ChangeEvent, type FormEvent, useState } from 'react';
import type { Role } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, isProblem, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input, Select } from '../ui/field';
import { RadioList } from '../ui/radio-list';
import { InvitationShown, linkLifetimes } from './invitation-shown';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';
import { roles } from './roles';

export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const [days, setDays] = useState('7');
  const invite = usePeopleChange(() => molo.inviteUser({ body: { email: email.trim(), role, expiresInDays: Number(days), ...(name.trim() === '' ? {} : { name }) } }));
  if (invite.data !== undefined) {
    const { user, invitation } = invite.data;
    return <InvitationShown who={user.name} invitation={invitation} onClose={onClose}>{`Whoever follows the link chooses the password and is signed in as ${user.email}, ${user.role}.`}</InvitationShown>;
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate(undefined);
  };
  // What was said of the address before is not said of this one.
  const changesEmail = (event: ChangeEvent<HTMLInputElement>) => {
    setEmail(event.target.value);
    invite.reset();
  };
  const errors = fieldErrors(invite.error);
  const taken = isProblem(invite.error, 'already_exists') ? `There is a user ${email.trim()} already. Their row has what to do with them.` : undefined;
  const wrong = sentence('It', errors.email) ?? taken;
  return (
    <Dialog title="Invite a user" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {invite.isError && wrong === undefined && errors.name === undefined && <ProblemNotice error={invite.error} answers />}
        <Input label="Email" type="email" value={email} onChange={changesEmail} autoFocus autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={254} error={wrong} />
        <Input label="Name" value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" maxLength={100} hint="Until they choose it themselves." error={sentence('It', errors.name)} />
        <RadioList legend="Role on the platform" choices={roles} value={role} onChange={setRole} />
        <Select label="The link holds" value={days} onChange={(event) => setDays(event.target.value)} options={linkLifetimes} />
        <Command text={peopleCommands.invite(email.trim(), name.trim(), role, Number(days))} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={invite.isPending}>
            Make the link
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
