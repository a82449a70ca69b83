'use client';

import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Session } from '@molo/contracts';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { ProblemNotice } from '../platform/problem-notice';
import { SessionList } from '../sessions/session-list';
import { browserName } from '../text/browser-name';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { accountCommands } from './account-commands';

const queryKey = ['sessions'];

export function SessionsSection() {
  const [ending, setEnding] = useState(false);
  return (
    <Section
      title="Sessions"
      hint="The browsers in which you are signed in."
      actions={
        <Button size="s" tone="danger" onClick={() => setEnding(true)}>
          End all others
        </Button>
      }
    >
      <SessionList queryKey={queryKey} read={(query, options) => molo.listSessions({ query }, options)} action={(session) => !session.current && <EndButton session={session} />} />
      <Command text={accountCommands.sessions()} />
      {ending && <EndOthersDialog onClose={() => setEnding(false)} />}
    </Section>
  );
}

/** The one that asks is ended by signing out. */
function EndButton({ session }: { readonly session: Session }) {
  const queries = useQueryClient();
  const end = useMutation({ mutationFn: () => molo.endSession({ params: { sessionId: session.id } }), onSuccess: () => queries.invalidateQueries({ queryKey }) });
  return (
    <>
      <Button size="s" className="ml-auto" tone="quiet" busy={end.isPending} onClick={() => end.mutate()} aria-label={`End the session of ${browserName(session.userAgent)}${session.ip === null ? '' : ` from ${session.ip}`}`}>
        End
      </Button>
      {end.isError && (
        <div className="w-full">
          <ProblemNotice error={end.error} answers />
        </div>
      )}
    </>
  );
}

function EndOthersDialog({ onClose }: { readonly onClose: () => void }) {
  const queries = useQueryClient();
  const end = useMutation({ mutationFn: () => molo.endOtherSessions(), onSuccess: () => queries.invalidateQueries({ queryKey }) });
  return (
    <ConfirmDialog title="End all other sessions?" command={accountCommands.endSessions()} action="End all others" change={end} onClose={onClose}>
      Every browser but this one is signed out at once. API tokens and SSH keys go on working. By command, this browser is signed out too.
    </ConfirmDialog>
  );
}
