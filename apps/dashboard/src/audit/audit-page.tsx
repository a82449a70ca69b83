'use client';

import Link from 'next/link';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { AuditEvent } from '@molo/contracts';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { MoreButton } from '../platform/more-button';
import { QueryView } from '../platform/query-view';
import { formatInstant } from '../text/quantities';
import { Card } from '../ui/card';
import { Command } from '../ui/command';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';

export function AuditPage() {
  const audit = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam, signal }) => molo.listAudit({ query: { cursor: pageParam, limit: 50 } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  return (
    <div className="flex flex-col gap-6">
      <div>
        <h1 className="text-2xl font-semibold tracking-tight">Audit</h1>
        <p className="mt-1 text-ink-soft">Who did what, newest first. It cannot be edited.</p>
      </div>
      <QueryView query={audit} what="the audit">
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Empty title="Nothing happened yet" />;
          return (
            <Card className="overflow-hidden">
              <ul>
                {items.map((event) => (
                  <AuditRow key={event.id} event={event} />
                ))}
              </ul>
            </Card>
          );
        }}
      </QueryView>
      <MoreButton query={audit}>Show older events</MoreButton>
      <Command text={commands.audit()} />
    </div>
  );
}

function AuditRow({ event }: { readonly event: AuditEvent }) {
  const changed = event.before !== null || event.after !== null;
  return (
    <li className="border-b border-line px-5 py-3 last:border-0">
      <div className="grid items-baseline gap-x-5 gap-y-0.5 sm:grid-cols-[11.5rem_minmax(0,10rem)_minmax(0,1fr)_auto]">
        <time dateTime={event.at} className="tabular text-[0.87rem] text-ink-faint">
          {formatInstant(event.at)}
        </time>
        <span className="truncate font-medium">
          <Given text={event.actor.name} />
          {event.actor.kind !== 'user' && event.actor.kind !== event.actor.name && <span className="ml-1.5 text-[0.8rem] font-normal text-ink-faint">{event.actor.kind}</span>}
        </span>
        <span className="min-w-0 break-words">
          {event.action} <Target event={event} />
        </span>
        <span className="tabular text-[0.83rem] text-ink-faint">{event.ip ?? ''}</span>
      </div>
      {changed && (
        <details className="mt-1 text-[0.87rem] sm:pl-[12.75rem]">
          <summary className="w-fit rounded text-harbour hover:underline">What changed</summary>
          <div className="mt-2 grid gap-3 md:grid-cols-2">
            <Side name="Before" value={event.before} />
            <Side name="After" value={event.after} />
          </div>
        </details>
      )}
    </li>
  );
}

/** What it was done to; a deployment can be looked at. */
function Target({ event }: { readonly event: AuditEvent }) {
  if (!event.action.startsWith('deployment.')) return <span className="text-ink-soft"><Given text={event.target} /></span>;
  return (
    <Link href={`/deployments/${event.target}`} prefetch={false} className="rounded text-harbour underline decoration-harbour/40 underline-offset-2 hover:decoration-harbour">
      {event.target.slice(0, 8)}
    </Link>
  );
}

function Side({ name, value }: { readonly name: string; readonly value: unknown }) {
  return (
    <div className="min-w-0">
      <p className="text-[0.8rem] text-ink-faint">{name}</p>
      <pre className="mt-1 max-h-60 overflow-auto rounded-lg bg-sunken p-3 font-mono text-[0.78rem] break-words whitespace-pre-wrap">{value === null ? 'nothing' : JSON.stringify(value, null, 2)}</pre>
    </div>
  );
}
