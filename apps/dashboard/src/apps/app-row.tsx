'use client';

import Link from 'next/link';
import type { App, EnvironmentSummary } from '@molo/contracts';
import { ArrowUpRight, ChevronRight } from 'lucide-react';
import { StateChip } from '../deployments/state-chip';
import { Ago, Since } from '../ui/ago';
import { Card } from '../ui/card';
import { classNames } from '../ui/class-names';
import { Given } from '../ui/given';
import { Health } from './health';
import { troubleOf } from './trouble';

export function AppRow({ app }: { readonly app: App }) {
  const [main, ...others] = app.environments;
  const hasHealth = main !== undefined && main.liveRelease !== null;
  return (
    <li>
      <Card className="relative transition-colors hover:border-line-strong">
        <div className="grid gap-x-6 gap-y-4 p-5 sm:grid-cols-[minmax(0,13rem)_minmax(0,1fr)_auto] sm:items-center">
          <div className="min-w-0">
            <h2 className="truncate text-lg font-semibold tracking-tight">
              <Link href={`/apps/${app.name}`} className="rounded after:absolute after:inset-0 after:rounded-xl">
                {app.name}
              </Link>
            </h2>
            {main !== undefined && <Address url={main.url} />}
          </div>
          {main === undefined ? <p className="text-ink-soft">No environment</p> : <Live app={app} environment={main} />}
          <div className={classNames('items-center gap-4 sm:flex sm:justify-end', hasHealth ? 'flex' : 'hidden')}>
            {hasHealth && <Health {...main.instances} />}
            <ChevronRight aria-hidden className="hidden size-5 text-ink-faint sm:block" />
          </div>
        </div>
        {main !== undefined && <Trouble environment={main} />}
        {others.map((environment) => (
          <OtherEnvironment key={environment.name} app={app.name} environment={environment} />
        ))}
      </Card>
    </li>
  );
}

function Address({ url }: { readonly url: string }) {
  return (
    <a href={url} target="_blank" rel="noreferrer" className="relative z-1 inline-flex max-w-full items-center gap-0.5 rounded text-[0.87rem] text-harbour hover:underline">
      <span className="truncate">{url.replace(/^https?:\/\//, '').replace(/\/$/, '')}</span>
      <ArrowUpRight aria-hidden className="size-3.5 shrink-0" />
    </a>
  );
}

function Live({ app, environment }: { readonly app: App; readonly environment: EnvironmentSummary }) {
  const { liveRelease, activeDeployment } = environment;
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
      {liveRelease === null ? (
        <p className="text-ink-soft">
          Nothing delivered yet. Created <Ago at={app.createdAt} /> by <Given text={app.createdBy.name} />.
        </p>
      ) : (
        <>
          <p className="tabular min-w-0 wrap-anywhere text-4xl leading-none font-semibold tracking-tight">{liveRelease.version ?? `v${liveRelease.number}`}</p>
          <p className="text-[0.87rem] leading-snug text-ink-soft">
            <span className="block font-medium text-ink">Release v{liveRelease.number}</span>
            live <Since at={liveRelease.since} />
            {liveRelease.by !== undefined && <> by <Given text={liveRelease.by.name} /></>}
          </p>
        </>
      )}
      {activeDeployment !== null && (
        <Link href={`/deployments/${activeDeployment.id}`} className="relative z-1 rounded-full" title={`Follow the deployment of ${app.name}`}>
          <StateChip state={activeDeployment.state} />
        </Link>
      )}
    </div>
  );
}

function Trouble({ environment }: { readonly environment: EnvironmentSummary }) {
  const trouble = troubleOf(environment);
  if (trouble === null) return null;
  return (
    <p className="flex flex-wrap items-baseline gap-x-2 border-t border-line bg-bad-soft/60 px-5 py-2.5 text-[0.9rem] last:rounded-b-xl">
      <span className="font-medium text-bad">{trouble.title}.</span>
      <span className="min-w-0 flex-1 basis-60 truncate text-ink-soft">{trouble.sentence}</span>
      <Link href={`/deployments/${trouble.deploymentId}`} className="relative z-1 rounded font-medium text-harbour hover:underline">
        See why
      </Link>
    </p>
  );
}

function OtherEnvironment({ app, environment }: { readonly app: string; readonly environment: EnvironmentSummary }) {
  return (
    <p className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-5 py-2.5 text-[0.9rem]">
      <Link href={`/apps/${app}?env=${environment.name}`} className="relative z-1 rounded font-medium hover:underline">
        {environment.name}
      </Link>
      <span className="min-w-0 wrap-anywhere text-ink-soft">{environment.liveRelease === null ? 'nothing delivered yet' : (environment.liveRelease.version ?? `v${environment.liveRelease.number}`)}</span>
      {environment.activeDeployment !== null && <StateChip state={environment.activeDeployment.state} />}
      {environment.awaitingApproval > 0 && <StateChip state="awaiting_approval" />}
      <span className="ml-auto">
        <Health {...environment.instances} />
      </span>
    </p>
  );
}
