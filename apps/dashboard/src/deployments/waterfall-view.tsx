'use client';

import { formatDuration } from '../text/quantities';
import { useRunningNow } from '../ui/clock';
import { classNames } from '../ui/class-names';
import type { Moment } from './story';
import { type PhaseBar, phaseNames, ticks, waterfall } from './waterfall';

interface WaterfallViewProps {
  readonly moments: readonly Moment[];
  readonly createdAt: string;
  /** Whether the deployment has not ended. */
  readonly running: boolean;
}

const grid = 'grid grid-cols-[6.5rem_minmax(0,1fr)_4.5rem] items-center gap-x-3 sm:grid-cols-[8rem_minmax(0,1fr)_5rem]';

/** The steps of a deployment against the time, and under each phase what was done in it. */
export function WaterfallView({ moments, createdAt, running }: WaterfallViewProps) {
  const nowMs = useRunningNow(running);
  const { bars, totalMs } = waterfall(moments, createdAt, nowMs);
  return (
    <div className="flex flex-col">
      <div aria-hidden className={classNames(grid, 'tabular border-b border-line pb-1.5 text-[0.75rem] text-ink-faint')}>
        <span />
        <span className="relative h-4">
          {ticks(totalMs).map((mark) => (
            <span key={mark} className="absolute whitespace-nowrap" style={{ left: `${(mark / totalMs) * 100}%` }}>
              {mark === 0 ? '0' : formatDuration(mark)}
            </span>
          ))}
        </span>
        <span />
      </div>
      <ol className="flex flex-col">
        {bars.map((bar) => (
          <PhaseRow key={`${bar.phase} ${bar.startMs}`} bar={bar} totalMs={totalMs} />
        ))}
      </ol>
    </div>
  );
}

const barColours: Record<PhaseBar['status'], string> = { done: 'bg-layer-binary', running: 'bg-harbour breathing', failed: 'bg-bad' };
const statusWords: Record<PhaseBar['status'], string> = { done: 'done', running: 'running', failed: 'failed' };

function PhaseRow({ bar, totalMs }: { readonly bar: PhaseBar; readonly totalMs: number }) {
  const left = (bar.startMs / totalMs) * 100;
  const width = ((bar.endMs - bar.startMs) / totalMs) * 100;
  return (
    <li className="border-b border-line/60 py-2 last:border-0">
      <div className={grid}>
        <span className={classNames('font-medium', bar.status === 'failed' && 'text-bad')}>
          {phaseNames[bar.phase]}
          <span className="sr-only">, {statusWords[bar.status]}</span>
        </span>
        <span aria-hidden className="relative block h-3.5 overflow-hidden rounded-full bg-sunken">
          <span className={classNames('absolute inset-y-0 min-w-1.5 rounded-full', barColours[bar.status])} style={{ left: `min(${left}%, calc(100% - 6px))`, width: `${width}%` }} />
        </span>
        <span className="tabular text-right text-[0.87rem] text-ink-soft">{formatDuration(bar.endMs - bar.startMs)}</span>
      </div>
      {bar.steps.length > 0 && (
        <ul className="mt-1 flex flex-col gap-0.5 text-[0.87rem] text-ink-soft">
          {bar.steps.map((step, index) => (
            <li key={index} className={classNames(grid, 'items-baseline!')}>
              <span className="tabular text-[0.78rem] text-ink-faint">+{formatDuration(step.offsetMs)}</span>
              <span className="col-span-2 min-w-0 break-words">{step.text}</span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
