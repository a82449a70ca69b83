'use client';

import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ArrowDown, Pause } from 'lucide-react';
import { countOf } from '../text/quantities';
import { CopyButton } from '../ui/copy-button';
import { classNames } from '../ui/class-names';
import { type LogBuffer, plainText } from './log-buffer';
import { ChunkView } from './log-lines';

interface LogViewProps {
  readonly label: string;
  readonly log: LogBuffer;
  readonly showSource: boolean;
  /** Whether more lines may come. */
  readonly running: boolean;
  readonly empty: ReactNode;
  readonly filter?: ReactNode;
}

/** How near the end still counts as the end, in pixels. */
const nearEnd = 24;

/** A log that follows its end until one scrolls away from it. */
export function LogView({ label, log, showSource, running, empty, filter }: LogViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const lines = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const [leftAt, setLeftAt] = useState(0);
  const lastLine = log.nextId;
  useEffect(() => {
    const [scrolled, content] = [box.current, lines.current];
    if (!following || scrolled === null || content === null) return undefined;
    const observer = new ResizeObserver(() => (scrolled.scrollTop = scrolled.scrollHeight));
    observer.observe(content);
    return () => observer.disconnect();
  }, [following]);
  const onScroll = () => {
    const scrolled = box.current;
    if (scrolled === null) return;
    const atEnd = scrolled.scrollHeight - scrolled.scrollTop - scrolled.clientHeight < nearEnd;
    if (!atEnd && following) setLeftAt(lastLine);
    setFollowing(atEnd);
  };
  return (
    <div className="overflow-hidden rounded-xl bg-log-ground text-log-ink shadow-card">
      <div className="flex min-h-11 flex-wrap items-center gap-2 border-b border-white/10 px-2 py-1">
        {filter ?? <span className="px-2 text-[0.87rem] font-medium">{label}</span>}
        <span className="ml-auto flex items-center gap-1">
          {running && <FollowButton following={following} unseen={lastLine - leftAt} onToggle={() => (following ? (setLeftAt(lastLine), setFollowing(false)) : setFollowing(true))} />}
          <CopyButton text={() => plainText(log)} label="Copy the log" onDark />
        </span>
      </div>
      <div ref={box} onScroll={onScroll} role="log" aria-label={label} aria-live="off" tabIndex={0} className="max-h-[min(28rem,70dvh)] overflow-y-auto font-mono text-[0.79rem] leading-[1.55] outline-offset-[-3px]">
        <div ref={lines} className="py-3">
          {log.dropped > 0 && <p className="px-4 pb-2 text-log-faint">{countOf(log.dropped, 'earlier line')} not shown here; the command below shows them.</p>}
          {log.length === 0 && <p className="px-4 text-log-faint">{empty}</p>}
          {log.chunks.map((chunk, index) => (
            <ChunkView key={chunk.id} chunk={chunk} showSource={showSource} full={index < log.chunks.length - 1} />
          ))}
        </div>
      </div>
    </div>
  );
}

function FollowButton({ following, unseen, onToggle }: { readonly following: boolean; readonly unseen: number; readonly onToggle: () => void }) {
  const Icon = following ? Pause : ArrowDown;
  return (
    <button
      type="button"
      onClick={onToggle}
      className={classNames('flex h-8 items-center gap-1.5 rounded-md px-2.5 text-[0.83rem]', following ? 'text-log-faint hover:bg-white/10 hover:text-log-ink' : 'bg-white/10 text-log-ink hover:bg-white/20')}
    >
      <Icon aria-hidden className="size-3.5" />
      {following ? 'Pause' : unseen > 0 ? `Follow, ${countOf(unseen, 'new line')}` : 'Follow'}
    </button>
  );
}

interface SourceFilterProps {
  readonly sources: readonly string[];
  readonly chosen: string | null;
  readonly onChoose: (source: string | null) => void;
}

export function SourceFilter({ sources, chosen, onChoose }: SourceFilterProps) {
  return (
    <div role="group" aria-label="Show lines of" className="flex flex-wrap gap-1">
      {[null, ...sources].map((source) => (
        <button
          key={source ?? ''}
          type="button"
          aria-pressed={chosen === source}
          onClick={() => onChoose(source)}
          className={classNames('h-8 rounded-md px-2.5 text-[0.83rem]', chosen === source ? 'bg-white/15 text-white' : 'text-log-faint hover:bg-white/10 hover:text-log-ink')}
        >
          {source ?? 'All'}
        </button>
      ))}
    </div>
  );
}
