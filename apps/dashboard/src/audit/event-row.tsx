import Link from 'next/link';
import type { AuditEvent } from '@molo/contracts';
import { formatInstant } from '../text/quantities';
import { Given } from '../ui/given';
import { changesOf } from './changes';

export function EventRow({ event }: { readonly event: AuditEvent }) {
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
          <Changes event={event} />
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

/** A side that there is nothing on, as of what was made or removed, is no column of its own. */
function Changes({ event: { before, after } }: { readonly event: AuditEvent }) {
  const sides = [
    { title: 'Before', side: 'before', isThere: before !== null },
    { title: 'After', side: 'after', isThere: after !== null },
  ] as const;
  const shown = sides.filter(({ isThere }) => isThere);
  return (
    <table className="mt-2 w-full table-fixed rounded-lg bg-sunken text-left">
      <thead className="text-[0.8rem] text-ink-faint">
        <tr>
          <th scope="col" className="px-3 pt-2 font-normal">
            Value
          </th>
          {shown.map(({ title }) => (
            <th key={title} scope="col" className="px-3 pt-2 font-normal">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="align-top font-mono text-[0.8rem]">
        {changesOf(before, after).map((change) => (
          <tr key={change.name} className="border-b border-line last:border-0">
            <th scope="row" className="px-3 py-1.5 font-normal text-ink-soft">
              <Given text={change.name === '' ? 'it' : change.name} />
            </th>
            {shown.map(({ side }) => (
              <td key={side} className="px-3 py-1.5">
                <Value text={change[side]} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ text }: { readonly text: string | null }) {
  if (text !== null) return <Given text={text} />;
  return (
    <>
      <span aria-hidden className="text-ink-faint">–</span>
      <span className="sr-only">not there</span>
    </>
  );
}
