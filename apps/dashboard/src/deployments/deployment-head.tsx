'use client';

import { useState } from 'react';
import Link from 'next/link';
import { type Deployment, type DeploymentState, isFinal } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { ProblemNotice } from '../platform/problem-notice';
import { formatDuration } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { useRunningNow } from '../ui/clock';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { mayBeCancelled, shownReasons, shownStates } from './deployment-states';
import { StateChip } from './state-chip';
import { useCancel } from './use-deployment';

export function DeploymentHead({ deployment, state }: { readonly deployment: Deployment; readonly state: DeploymentState }) {
  const { app, environment, release, actor, commit, reason } = deployment;
  const mayDeploy = useMay('deploy');
  return (
    <div className="flex flex-col gap-3">
      <nav aria-label="Breadcrumb" className="text-[0.9rem] text-ink-soft">
        <Link href={`/apps/${app}${environment === 'production' ? '' : `?env=${environment}`}`} className="rounded font-medium text-harbour hover:underline">
          {app}
        </Link>{' '}
        / {environment} / deployment
      </nav>
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-4">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <h1 className="tabular text-4xl leading-none font-semibold tracking-tight">{release === null ? 'New release' : (release.version ?? `v${release.number}`)}</h1>
          <span aria-live="polite">
            <StateChip state={state} />
          </span>
          <Elapsed deployment={deployment} running={!isFinal(state)} />
        </div>
        {mayDeploy && mayBeCancelled(state) && <CancelButton deployment={deployment} />}
      </div>
      <p className="text-ink-soft">
        {release !== null && <>Release v{release.number}, </>}
        {shownReasons[reason].toLowerCase()} by <span className="font-medium text-ink">{actor.name}</span>, <Ago at={deployment.createdAt} />
        {commit !== null && (
          <>
            : <bdi>{commit.subject}</bdi> <code className="font-mono text-[0.83rem]">{commit.id.slice(0, 7)}</code>
          </>
        )}
      </p>
    </div>
  );
}

function Elapsed({ deployment, running }: { readonly deployment: Deployment; readonly running: boolean }) {
  const nowMs = useRunningNow(running);
  const endMs = deployment.finishedAt === null ? nowMs : Date.parse(deployment.finishedAt);
  if (endMs === 0) return null;
  const ms = deployment.receipt?.durationMs ?? Math.max(0, endMs - Date.parse(deployment.createdAt));
  return (
    <span className="tabular text-ink-soft">
      {running ? '' : 'in '}
      {formatDuration(ms)}
    </span>
  );
}

function CancelButton({ deployment }: { readonly deployment: Deployment }) {
  const [asking, setAsking] = useState(false);
  const cancel = useCancel(deployment.id);
  return (
    <>
      <Button tone="danger" onClick={() => setAsking(true)}>
        Cancel deployment
      </Button>
      {asking && (
        <Dialog title="Cancel this deployment?" onClose={() => setAsking(false)}>
          <div className="flex flex-col gap-5">
            <p className="text-ink-soft">
              It is {shownStates[deployment.state].label.toLowerCase()}. Its new instances go, what serves now was not touched and serves on, and the branch stays where it was.
            </p>
            {cancel.isError && <ProblemNotice error={cancel.error} answers />}
            <Command text={commands.cancel(deployment.id)} />
            <div className="flex justify-end gap-2">
              <Button onClick={() => setAsking(false)}>Let it go on</Button>
              <Button tone="danger" busy={cancel.isPending} onClick={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}>
                Cancel deployment
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
