'use client';

import { useState } from 'react';
import type { User } from '@molo/contracts';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { SessionList } from '../sessions/session-list';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';

export function UserSessionsDialog({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const params = { userId: user.id };
  const [sure, setSure] = useState(false);
  const end = usePeopleChange(() => molo.endUserSessions({ params }));
  return (
    <Dialog title={`Where ${user.name} is signed in`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <SessionList queryKey={['people', 'users', user.id, 'sessions']} read={(query, options) => molo.listUserSessions({ params, query }, options)} />
        <p className="text-[0.87rem] text-ink-faint">They can sign in again. To keep them out, disable them.</p>
        {end.isError && <ProblemNotice error={end.error} answers />}
        <Command text={peopleCommands.signOut(user.email)} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button tone="danger" busy={end.isPending} onBlur={() => setSure(false)} onClick={() => (sure ? end.mutate(undefined, { onSuccess: () => setSure(false) }) : setSure(true))}>
            {sure ? 'Really end all' : 'End all sessions'}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
