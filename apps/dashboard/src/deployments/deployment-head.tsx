'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import Link from 'next/link';
import { type Deployment, type DeploymentState, isFinal } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { formatDuration } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { useRunningNow } from '../ui/clock';
import { Given } from '../ui/given';
import { mayBeCancelled, shownReasons, unreleasedName } from './deployment-states';
import { StateChip } from './state-chip';

// Loaded when it is asked for.
const CancelDialog = dynamic(() => import('./cancel-dialog').then((part) => part.CancelDialog));

export function DeploymentHead({ deployment, state }: { readonly deployment: Deployment; readonly state: DeploymentState }) {
  const { app, environment, release, actor, commit, reason } = deployment;
  const mayDeploy = useMay('deploy', app);
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
          <h1 className="tabular wrap-anywhere text-4xl leading-none font-semibold tracking-tight">{release === null ? unreleasedName(state) : (release.version ?? `v${release.number}`)}</h1>
          <span aria-live="polite">
            <StateChip state={state} />
          </span>
          <Elapsed deployment={deployment} running={!isFinal(state)} />
        </div>
        {mayDeploy && mayBeCancelled(state) && <CancelButton deployment={deployment} />}
      </div>
      <p className="text-ink-soft">
        {release === null ? shownReasons[reason] : `Release v${release.number}, ${shownReasons[reason].toLowerCase()}`} by <span className="font-medium text-ink"><Given text={actor.name} /></span>, <Ago at={deployment.createdAt} />
        {commit !== null && (
          <>
            : <Given text={commit.subject} /> <code className="font-mono text-[0.83rem]">{commit.id.slice(0, 7)}</code>
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
  return (
    <>
      <Button tone="danger" onClick={() => setAsking(true)}>
        Cancel deployment
      </Button>
      {asking && <CancelDialog deployment={deployment} onClose={() => setAsking(false)} />}
    </>
  );
}
