'use client';

import { useState } from 'react';
import type { User } from '@molo/contracts';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Select } from '../ui/field';
import { InvitationShown, linkLifetimes } from './invitation-shown';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';

export function RenewInvitationDialog({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const [days, setDays] = useState('7');
  const renew = usePeopleChange(() => molo.renewInvitation({ params: { userId: user.id }, body: { expiresInDays: Number(days) } }));
  const invited = user.state === 'invited';
  if (renew.data !== undefined) {
    return (
      <InvitationShown who={user.name} invitation={renew.data} onClose={onClose}>
        {invited ? `Whoever follows it chooses the password and is signed in as ${user.email}, ${user.role}.` : `Whoever follows it chooses a new password for ${user.email}. Until then the old one goes on working.`}
      </InvitationShown>
    );
  }
  return (
    <Dialog title={`Make a new link for ${user.name}?`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <p className="text-ink-soft">
          {invited ? 'The link that they were given before ends.' : 'For who has lost their password: by the link they choose a new one, and their sessions, API tokens and SSH keys end; a second factor stays, and is asked for. A link made before ends.'}
        </p>
        {renew.isError && <ProblemNotice error={renew.error} answers />}
        <Select label="The link holds" value={days} onChange={(event) => setDays(event.target.value)} options={linkLifetimes} />
        <Command text={peopleCommands.inviteAgain(user.email, Number(days))} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={renew.isPending} onClick={() => renew.mutate(undefined)}>
            Make the link
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
