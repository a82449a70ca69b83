'use client';

import type { ReactNode } from 'react';
import Link from 'next/link';
import type { App, EnvironmentSummary } from '@molo/contracts';
import { ArrowUpRight } from 'lucide-react';
import { useApprovalsOf } from '../approvals/approval-queries';
import { WaitingNotice } from '../approvals/waiting-notice';
import { StateChip } from '../deployments/state-chip';
import type { Place } from '../releases/release-queries';
import { formatBytes, formatCount } from '../text/quantities';
import { Since } from '../ui/ago';
import { buttonClasses } from '../ui/button';
import { Card } from '../ui/card';
import { Given } from '../ui/given';
import { Notice } from '../ui/notice';
import { useFigures } from './app-queries';
import { Health } from './health';
import { troubleOf } from './trouble';

interface AppHeadProps {
  readonly app: App;
  readonly environment: EnvironmentSummary;
  readonly onEnvironment: (name: string) => void;
}

export function AppHead({ app, environment, onEnvironment }: AppHeadProps) {
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <nav aria-label="Breadcrumb" className="text-[0.9rem] text-ink-soft">
            <Link href="/" className="rounded font-medium text-harbour hover:underline">
              Apps
            </Link>{' '}
            /
          </nav>
          <h1 className="truncate text-2xl font-semibold tracking-tight">{app.name}</h1>
        </div>
        <div className="flex flex-wrap items-center gap-3">
          {app.environments.length > 1 && <EnvironmentSelect app={app} chosen={environment.name} onChoose={onEnvironment} />}
          <a href={environment.url} target="_blank" rel="noreferrer" className={buttonClasses('plain')}>
            {environment.url.replace(/^https?:\/\//, '').replace(/\/$/, '')}
            <ArrowUpRight aria-hidden className="size-4" />
          </a>
        </div>
      </div>
      {environment.liveRelease !== null && <LiveCard app={app} environment={environment} />}
      <Happening environment={environment} />
      <Waiting place={{ app: app.name, environment: environment.name }} isAny={environment.awaitingApproval > 0} />
    </div>
  );
}

function EnvironmentSelect({ app, chosen, onChoose }: { readonly app: App; readonly chosen: string; readonly onChoose: (name: string) => void }) {
  return (
    <label className="flex items-center gap-2 text-[0.9rem] text-ink-soft">
      <span className="sr-only sm:not-sr-only">Environment</span>
      <select value={chosen} onChange={(event) => onChoose(event.target.value)} className="h-10 rounded-lg border border-line-strong bg-surface px-3 text-ink">
        {app.environments.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function LiveCard({ app, environment }: { readonly app: App; readonly environment: EnvironmentSummary }) {
  const figures = useFigures(app.name, environment.name).data;
  const release = environment.liveRelease;
  if (release === null) return null;
  return (
    <Card className="flex flex-wrap items-center gap-x-10 gap-y-5 px-5 py-5 sm:px-6">
      <div className="flex items-center gap-4">
        <p className="tabular min-w-0 wrap-anywhere text-6xl leading-none font-semibold tracking-tighter">{release.version ?? `v${release.number}`}</p>
        <p className="text-[0.9rem] leading-snug text-ink-soft">
          <span className="block font-medium text-ink">Release v{release.number}</span>
          live <Since at={release.since} />
          {release.by !== undefined && <span className="block">by <Given text={release.by.name} /></span>}
        </p>
      </div>
      <dl className="tabular grid basis-full grid-cols-2 gap-x-8 gap-y-4 sm:grid-cols-4 lg:flex-1 lg:basis-0 lg:grid-cols-[repeat(4,auto)] lg:justify-between lg:pl-6">
        <Figure name="Instances">
          <Health {...environment.instances} />
        </Figure>
        <Figure name="Requests">{figures === undefined ? '–' : formatCount(figures.requests)}</Figure>
        <Figure name="Server errors" bad={(figures?.responses5xx ?? 0) > 0}>
          {figures === undefined ? '–' : formatCount(figures.responses5xx)}
        </Figure>
        <Figure name="Sent">{figures === undefined ? '–' : formatBytes(figures.bytesOut)}</Figure>
      </dl>
    </Card>
  );
}

function Figure({ name, bad = false, children }: { readonly name: string; readonly bad?: boolean; readonly children: ReactNode }) {
  return (
    <div>
      <dt className="text-[0.8rem] text-ink-faint">{name}</dt>
      <dd className={bad ? 'text-[1.05rem] font-semibold text-bad' : 'text-[1.05rem] font-semibold'}>{children}</dd>
    </div>
  );
}

function Waiting({ place, isAny }: { readonly place: Place; readonly isAny: boolean }) {
  const waiting = useApprovalsOf(place, isAny).data;
  return isAny && waiting !== undefined && <WaitingNotice deployments={waiting} showPlace={false} />;
}

/** What runs now, or what went wrong last. */
function Happening({ environment }: { readonly environment: EnvironmentSummary }) {
  const { activeDeployment } = environment;
  if (activeDeployment !== null) {
    return (
      <Notice
        tone="info"
        role="status"
        title={
          <span className="flex flex-wrap items-center gap-3">
            A deployment is under way <StateChip state={activeDeployment.state} />
          </span>
        }
        actions={<Link href={`/deployments/${activeDeployment.id}`} className={buttonClasses('primary', 's')}>Follow it live</Link>}
      />
    );
  }
  const trouble = troubleOf(environment);
  if (trouble === null) return null;
  return (
    <Notice tone="bad" title={trouble.title} actions={<Link href={`/deployments/${trouble.deploymentId}`} className={buttonClasses('plain', 's')}>See why</Link>}>
      {trouble.sentence}
    </Notice>
  );
}
