'use client';

import { useMemo, useState } from 'react';
import dynamic from 'next/dynamic';
import Link from 'next/link';
import { type Deployment, isFinal, problems, type PromotedFrom, type Undone } from '@molo/contracts';
import { commands } from '../apps/commands';
import { onlySource } from '../logs/log-buffer';
import { LogView, SourceFilter } from '../logs/log-view';
import { isProblem } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { ReceiptView } from '../releases/receipt-view';
import { buttonClasses } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Command } from '../ui/command';
import { Notice } from '../ui/notice';
import { DeploymentHead } from './deployment-head';
import { releaseName, wasLive } from './deployment-states';
import { FailureNotice } from './failure-notice';
import { failureSentence } from './failure-text';
import { lastLinesOf } from './last-lines';
import type { Story } from './story';
import { useDeployment, useDeploymentStory } from './use-deployment';
import { WaterfallView } from './waterfall-view';

// Few deployments wait for anybody.
const ApprovalSection = dynamic(() => import('../approvals/approval-section').then((part) => part.ApprovalSection));
const DecidedNotice = dynamic(() => import('../approvals/approval-section').then((part) => part.DecidedNotice));

export function DeploymentPage({ deploymentId }: { readonly deploymentId: string }) {
  const deployment = useDeployment(deploymentId);
  const { story, refused } = useDeploymentStory(deploymentId);
  return (
    <QueryView query={deployment} what="the deployment">
      {(known) => (
        <>
          {refused !== null && !isProblem(refused, 'not_signed_in') && <ProblemNotice error={refused} />}
          <Followed deployment={known} story={story} />
        </>
      )}
    </QueryView>
  );
}

function Followed({ deployment, story }: { readonly deployment: Deployment; readonly story: Story }) {
  // The stream is ahead of the deployment as read; before its first event, and for `superseded`, what was read holds.
  const state = story.state === null || isFinal(deployment.state) ? deployment.state : story.state;
  const failure = story.failure ?? deployment.failure;
  const receipt = story.receipt ?? deployment.receipt;
  const running = !isFinal(state);
  return (
    <div className="flex flex-col gap-8">
      <DeploymentHead deployment={deployment} state={state} />
      {deployment.promotedFrom !== null && <PromotedNotice app={deployment.app} {...deployment.promotedFrom} />}
      {deployment.approval !== null && <DecidedNotice {...deployment.approval} />}
      {state === 'awaiting_approval' && deployment.approval?.decision === null && <ApprovalSection deployment={deployment} />}
      {deployment.undoes !== null && <UndoesNotice {...deployment.undoes} />}
      {failure !== null && state === 'failed' && <FailureNotice failure={failure} logLines={lastLinesOf(story, failure)} />}
      {failure !== null && wasLive(state) && <FailureNotice title="It went live and did not settle" failure={failure} logLines={[]} />}
      {failure !== null && state === 'cancelled' && (
        <Notice tone="info" title={problems[failure.code].title}>
          {failure.detail}
        </Notice>
      )}
      <div className={receipt === null ? '' : 'grid gap-6 lg:grid-cols-[minmax(0,1fr)_20rem] lg:items-start'}>
        <Section title="Steps">
          <Card className="px-4 py-3 sm:px-5">
            <WaterfallView moments={story.moments} createdAt={deployment.createdAt} running={running} />
          </Card>
        </Section>
        {receipt !== null && (
          <Section title="Receipt">
            <ReceiptView receipt={receipt} state={state} />
          </Section>
        )}
      </div>
      <DeploymentLog deploymentId={deployment.id} story={story} running={running} />
    </div>
  );
}

function PromotedNotice({ app, environment, release }: PromotedFrom & { readonly app: string }) {
  return (
    <Notice tone="info" title={`Promoted from ${environment}, where it is ${releaseName(release)}`} actions={<Link href={`/apps/${app}?env=${environment}`} className={buttonClasses('plain', 's')}>See it there</Link>}>
      It is the very same image: nothing was built.
    </Notice>
  );
}

function UndoesNotice({ deploymentId, release, failure }: Undone) {
  return (
    <Notice tone="warn" title={`Molo rolled back ${releaseName(release)}, which did not settle`} actions={<Link href={`/deployments/${deploymentId}`} className={buttonClasses('plain', 's')}>See why</Link>}>
      {failureSentence(failure.detail)}
    </Notice>
  );
}

function DeploymentLog({ deploymentId, story, running }: { readonly deploymentId: string; readonly story: Story; readonly running: boolean }) {
  const [source, setSource] = useState<string | null>(null);
  const log = useMemo(() => (source === null ? story.log : onlySource(story.log, source)), [story.log, source]);
  return (
    <Section title="Log">
      <LogView
        label="Log of the deployment"
        log={log}
        showSource={source === null && story.sources.length > 1}
        running={running}
        empty={running ? 'Waiting for the first line.' : 'It wrote nothing.'}
        {...(story.sources.length > 1 ? { filter: <SourceFilter sources={story.sources} chosen={source} onChoose={setSource} /> } : {})}
      />
      <Command text={commands.follow(deploymentId)} />
    </Section>
  );
}
