'use client';

import { useState } from 'react';
import type { Approval, Deployment } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { Given } from '../ui/given';
import { Notice } from '../ui/notice';
import { type Decision, useChanges, useDecide } from './approval-queries';
import { ChangesView } from './changes-view';

/** Of a deployment that waits: what it would change, and for sysadmins the decision. */
export function ApprovalSection({ deployment }: { readonly deployment: Deployment }) {
  const changes = useChanges(deployment.id);
  const mayDecide = useMay('administer');
  /** Of the changes that were shown when it was begun: what is read meanwhile was looked at by nobody. */
  const [deciding, setDeciding] = useState<{ readonly decision: Decision; readonly version: string }>();
  return (
    <Section
      title="What it would change"
      hint={mayDecide ? 'It goes live once you, or another sysadmin, approve it.' : 'It goes live by itself once a sysadmin approves it.'}
      actions={
        mayDecide &&
        changes.data !== undefined && (
          <>
            <Button tone="danger" onClick={() => setDeciding({ decision: 'decline', version: changes.data.version })}>
              Decline
            </Button>
            <Button tone="primary" onClick={() => setDeciding({ decision: 'approve', version: changes.data.version })}>
              Approve
            </Button>
          </>
        )
      }
    >
      <QueryView query={changes} what="what it would change">
        {(known) => (
          <>
            <ChangesView changes={known} />
            <Command text={commands.changes(deployment.id)} />
            {deciding !== undefined && <DecisionDialog deployment={deployment} {...deciding} onClose={() => setDeciding(undefined)} />}
          </>
        )}
      </QueryView>
    </Section>
  );
}

interface DecisionDialogProps {
  readonly deployment: Deployment;
  readonly decision: Decision;
  readonly version: string;
  readonly onClose: () => void;
}

function DecisionDialog({ deployment: { id, app, environment }, decision, version, onClose }: DecisionDialogProps) {
  const decide = useDecide(id, version);
  const [word, setWord] = useState('');
  const approves = decision === 'approve';
  return (
    <Dialog title={approves ? `Approve it for ${environment} of ${app}?` : 'Decline this deployment?'} onClose={onClose}>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          decide.mutate({ decision, word }, { onSuccess: onClose });
        }}
      >
        <p className="text-ink-soft">{approves ? 'It is deployed at once, or as soon as what runs before it is over.' : 'It is cancelled. What is live was not touched and serves on.'}</p>
        {decide.isError && <ProblemNotice error={decide.error} answers />}
        <Input label="A word for the others" hint="It stands in the journal of the deployment and in the audit. It may be left empty." value={word} onChange={(event) => setWord(event.target.value)} maxLength={1000} autoComplete="off" />
        <Command text={approves ? commands.approve(id) : commands.decline(id)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone={approves ? 'primary' : 'danger'} busy={decide.isPending}>
            {approves ? 'Approve' : 'Decline'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What was decided, and by whom. */
export function DecidedNotice({ decision, by, at, word }: Approval) {
  if (decision === null || at === null) return null;
  return (
    <Notice
      tone={decision === 'approved' ? 'good' : 'warn'}
      title={
        <>
          {decision === 'approved' ? 'Approved' : 'Declined'} by <Given text={by?.name ?? 'somebody'} />, <Ago at={at} />
        </>
      }
    >
      {word !== null && <Given text={word} />}
    </Notice>
  );
}
