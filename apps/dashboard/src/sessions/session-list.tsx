'use client';

import type { ReactNode } from 'react';
import type { Session } from '@molo/contracts';
import { PagedList } from '../platform/paged-list';
import { type ReadPage, usePages } from '../platform/pages';
import { browserName } from '../text/browser-name';
import { Ago } from '../ui/ago';
import { Chip } from '../ui/chip';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';

interface SessionListProps {
  readonly queryKey: readonly string[];
  readonly read: ReadPage<Session>;
  readonly action?: (session: Session) => ReactNode;
}

/** The browsers in which somebody is signed in. */
export function SessionList({ queryKey, read, action }: SessionListProps) {
  const sessions = usePages(queryKey, read);
  return (
    <PagedList
      query={sessions}
      what="the sessions"
      more="Show older sessions"
      empty={<Empty title="Signed in nowhere">There is no browser with an open session.</Empty>}
      row={(session) => <SessionRow key={session.id} session={session} action={action?.(session)} />}
    />
  );
}

function SessionRow({ session, action }: { readonly session: Session; readonly action: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3 last:border-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-medium" title={session.userAgent ?? undefined}>
          <Given text={browserName(session.userAgent)} />
          {session.current && <Chip tone="good">this one</Chip>}
        </p>
        <p className="text-[0.87rem] text-ink-faint">
          {session.ip !== null && <>From {session.ip}, </>}signed in <Ago at={session.createdAt} />, seen <Ago at={session.lastSeenAt} />
        </p>
      </div>
      {action}
    </li>
  );
}
