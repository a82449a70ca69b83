import type { ReactNode } from 'react';
import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import { classNames } from './class-names';

type NoticeTone = 'bad' | 'warn' | 'good' | 'info';

const noticeTones = {
  bad: { box: 'border-bad/30 bg-bad-soft', icon: 'text-bad', Icon: CircleAlert },
  warn: { box: 'border-warn/30 bg-warn-soft', icon: 'text-warn', Icon: TriangleAlert },
  good: { box: 'border-good/30 bg-good-soft', icon: 'text-good', Icon: CircleCheck },
  info: { box: 'border-harbour/25 bg-harbour-soft', icon: 'text-harbour', Icon: Info },
} as const;

interface NoticeProps {
  readonly tone: NoticeTone;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** `alert` where it answers what the person just did. */
  readonly role?: 'alert' | 'status';
}

export function Notice({ tone, title, children, actions, role }: NoticeProps) {
  const { box, icon, Icon } = noticeTones[tone];
  return (
    <div role={role} className={classNames('flex gap-3 rounded-xl border px-4 py-3.5', box)}>
      <Icon aria-hidden className={classNames('mt-0.5 size-5 shrink-0', icon)} />
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-6 gap-y-2">
        <div className="min-w-0 flex-1 basis-64">
          <p className="font-semibold break-words">{title}</p>
          {children !== undefined && <div className="mt-0.5 text-ink-soft break-words">{children}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
    </div>
  );
}

/** A place with nothing in it yet, and what to do about it. */
export function Empty({ title, children, actions }: { readonly title: string; readonly children?: ReactNode; readonly actions?: ReactNode }) {
  return (
    <div className="rounded-xl border border-dashed border-line-strong px-6 py-10 text-center">
      <p className="font-semibold">{title}</p>
      {children !== undefined && <div className="mx-auto mt-1 max-w-prose text-ink-soft">{children}</div>}
      {actions !== undefined && <div className="mt-4 flex justify-center gap-2">{actions}</div>}
    </div>
  );
}
