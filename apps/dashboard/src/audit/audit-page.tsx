'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import type { AuditEvent } from '@molo/contracts';
import { Download } from 'lucide-react';
import { molo } from '../platform/client';
import { PagedList } from '../platform/paged-list';
import { usePages } from '../platform/pages';
import { fieldErrors } from '../platform/problem';
import { countOf } from '../text/quantities';
import { Button, buttonClasses } from '../ui/button';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { auditCommand, type AuditFilter, exportAddress, exportCommand, filterIn, isAll, pageAddress } from './audit-filter';
import { EventRow } from './event-row';
import { FilterForm } from './filter-form';

export function AuditPage() {
  const filter = filterIn(useSearchParams());
  const router = useRouter();
  const onFilter = (chosen: AuditFilter) => router.push(pageAddress(chosen), { scroll: false });
  const audit = usePages<AuditEvent>(['audit', filter], (query, options) => molo.listAudit({ query: { ...query, ...filter } }, options));
  const events = audit.data?.pages.flatMap(({ items }) => items) ?? [];
  const errors = fieldErrors(audit.error);
  const isFilterWrong = audit.data === undefined && Object.keys(errors).length > 0;
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div>
          <h1 className="text-2xl font-semibold tracking-tight">Audit</h1>
          <p className="mt-1 text-ink-soft">Who did what, newest first. It cannot be edited.</p>
        </div>
        {!audit.isError && <Exports filter={filter} />}
      </div>
      <FilterForm filter={filter} events={events} errors={errors} onFilter={onFilter} />
      {audit.data !== undefined && (
        <p role="status" className="-mb-3 flex min-h-8 flex-wrap items-center gap-x-4 text-[0.87rem] text-ink-soft">
          {countOf(events.length, 'event')}
          {audit.hasNextPage && ' so far, older ones below'}
          {!isAll(filter) && (
            <Button size="s" tone="quiet" onClick={() => onFilter({})}>
              Show all
            </Button>
          )}
        </p>
      )}
      {isFilterWrong ? (
        <Empty title="This cannot be looked for">Correct what is marked above.</Empty>
      ) : (
        <PagedList query={audit} what="the audit" more="Show older events" empty={<NothingFound filter={filter} />} row={(event) => <EventRow key={event.id} event={event} />} />
      )}
      <div className="flex flex-col gap-2">
        <Command text={auditCommand(filter, events.length)} />
        <Command label="To a file" text={exportCommand(filter, 'jsonl')} />
        <Command label="To a file" text={exportCommand(filter, 'csv')} />
      </div>
    </div>
  );
}

function NothingFound({ filter }: { readonly filter: AuditFilter }) {
  if (isAll(filter)) return <Empty title="Nothing happened yet" />;
  return <Empty title="Nothing is like that">Of what you may read, no event is all that was asked for. Ask for less, or show all.</Empty>;
}

/** Links, so that the browser saves them as they come, however long that takes. */
function Exports({ filter }: { readonly filter: AuditFilter }) {
  return (
    <div role="group" aria-label="Export all that is asked for" className="flex flex-wrap gap-2">
      {(['jsonl', 'csv'] as const).map((format) => (
        <a key={format} href={exportAddress(filter, format)} download={`audit.${format}`} className={buttonClasses('plain', 's')}>
          <Download aria-hidden className="size-4" />
          {format === 'csv' ? 'Export CSV' : 'Export JSON Lines'}
        </a>
      ))}
    </div>
  );
}
