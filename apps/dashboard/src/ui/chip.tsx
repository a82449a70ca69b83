import type { ReactNode } from 'react';
import { classNames } from './class-names';

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'quiet';

const chipTones: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  busy: 'bg-harbour-soft text-harbour-strong',
  quiet: 'bg-sunken text-ink-soft',
};

const dotTones: Record<Tone, string> = {
  good: 'bg-good',
  warn: 'bg-warn',
  bad: 'bg-bad',
  busy: 'bg-harbour breathing',
  quiet: 'bg-ink-faint',
};

export function Dot({ tone }: { readonly tone: Tone }) {
  return <span aria-hidden className={classNames('inline-block size-2 shrink-0 rounded-full', dotTones[tone])} />;
}

export function Chip({ tone, dot = false, children }: { readonly tone: Tone; readonly dot?: boolean; readonly children: ReactNode }) {
  return (
    <span className={classNames('inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-[0.8rem] font-medium whitespace-nowrap', chipTones[tone])}>
      {dot && <Dot tone={tone} />}
      {children}
    </span>
  );
}
