'use client';

import Link from 'next/link';
import { type Deployment, type Failure, problems } from '@molo/contracts';
import { commands } from '../apps/commands';
import { MoreButton } from '../platform/more-button';
import { QueryView } from '../platform/query-view';
import type { Place } from '../releases/release-queries';
import { receiptColour } from '../releases/receipt-view';
import { countOf, formatDuration } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Card, Section } from '../ui/card';
import { classNames } from '../ui/class-names';
import { Command } from '../ui/command';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';
import { releaseName, shownReasons, unreleasedName } from './deployment-states';
import { failureSentence } from './failure-text';
import { StateChip } from './state-chip';
import { useDeployments } from './use-deployment';

export function DeploymentsSection({ place }: { readonly place: Place }) {
  const deployments = useDeployments(place);
  return (
    <Section title="Deployments" hint="Every attempt to make a release live, with what became of it.">
      <QueryView query={deployments} what="the deployments">
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Empty title="No deployment yet">Push to the deploying branch and follow it here.</Empty>;
          return (
            <Card className="overflow-hidden">
              <ul>
                {items.map((deployment) => (
                  <DeploymentRow key={deployment.id} deployment={deployment} />
                ))}
              </ul>
            </Card>
          );
        }}
      </QueryView>
      <MoreButton query={deployments}>Show older deployments</MoreButton>
      <Command text={commands.deployments(place)} />
    </Section>
  );
}

function DeploymentRow({ deployment }: { readonly deployment: Deployment }) {
  const { id, state, release, reason, actor, commit, failure, undoes, receipt, createdAt } = deployment;
  return (
    <li className="relative border-b border-line px-5 py-3.5 last:border-0 hover:bg-sunken/60">
      <div className="grid items-center gap-x-5 gap-y-1.5 sm:grid-cols-[9rem_minmax(0,1fr)_auto]">
        <span>
          <StateChip state={state} />
        </span>
        <div className="min-w-0">
          <p className="truncate font-medium">
            <Link href={`/deployments/${id}`} className="rounded after:absolute after:inset-0">
              {release === null ? unreleasedName(state) : releaseName(release)}
            </Link>
            {commit !== null && (
              <span className="ml-2 font-normal text-ink-soft">
                <Given text={commit.subject} />
              </span>
            )}
          </p>
          <p className="text-[0.87rem] text-ink-faint">
            {shownReasons[reason]} by <Given text={actor.name} />, <Ago at={createdAt} />
          </p>
        </div>
        {receipt !== null && (
          <p className="tabular flex gap-4 text-[0.87rem] sm:block sm:text-right">
            <span className={classNames('block font-medium', receiptColour(receipt, state))}>{countOf(receipt.failed, 'failed request')}</span>
            <span className="block text-ink-faint">{formatDuration(receipt.durationMs)}</span>
          </p>
        )}
      </div>
      {failure !== null && state !== 'cancelled' && <Reason title={state === 'failed' ? problems[failure.code].title : 'It did not settle'} failure={failure} />}
      {undoes !== null && <Reason title={`It undoes ${releaseName(undoes.release)}, which did not settle`} failure={undoes.failure} />}
    </li>
  );
}

function Reason({ title, failure }: { readonly title: string; readonly failure: Failure }) {
  return (
    <p className="mt-1.5 text-[0.87rem] text-ink-soft sm:pl-[10.25rem]">
      <span className="font-medium text-bad">{title}.</span> {failureSentence(failure.detail)}
    </p>
  );
}
