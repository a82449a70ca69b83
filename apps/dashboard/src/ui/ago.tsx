'use client';

import { formatAgo, formatInstant, formatSpan, formatDate } from '../text/quantities';
import { useNow } from './clock';

/** `5 min ago`, with the exact time on hovering. */
export function Ago({ at }: { readonly at: string }) {
  const nowMs = useNow();
  return (
    <time dateTime={at} title={formatInstant(at)} className="whitespace-nowrap">
      {formatAgo(Date.parse(at), nowMs)}
    </time>
  );
}

/** `for 5 min`, or `since 3 May 2026`. */
export function Since({ at }: { readonly at: string }) {
  const nowMs = useNow();
  const span = formatSpan(Date.parse(at), nowMs);
  const shown = span === null ? `since ${formatDate(Date.parse(at))}` : nowMs - Date.parse(at) < 3_000 ? 'since just now' : `for ${span}`;
  return (
    <time dateTime={at} title={formatInstant(at)} className="whitespace-nowrap">
      {shown}
    </time>
  );
}
