import { memo } from 'react';
import { classNames } from '../ui/class-names';
import type { LogChunk, LogLine } from './log-buffer';
import { type TerminalColour, terminalRuns, type TextRun } from './terminal-text';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

const colourClasses: Record<TerminalColour, string> = {
  black: 'text-[#8fa5ab]',
  red: 'text-[#ff8f80]',
  green: 'text-[#7fd8a4]',
  yellow: 'text-[#e9c46a]',
  blue: 'text-[#8ab8f0]',
  magenta: 'text-[#d9a3e0]',
  cyan: 'text-[#74cfda]',
  white: 'text-white',
};

interface ChunkViewProps {
  readonly chunk: LogChunk;
  readonly showSource: boolean;
  /** Whether no more lines come to it: then it need only be laid out when it is in view. */
  readonly full: boolean;
}

/** A chunk is drawn once and never again while its lines stay the same. */
export const ChunkView = memo(function ChunkView({ chunk, showSource, full }: ChunkViewProps) {
  return (
    <div className={full ? '[contain-intrinsic-size:auto_1840px] [content-visibility:auto]' : ''}>
      {chunk.lines.map((line) => (
        <LineView key={line.id} line={line} showSource={showSource} />
      ))}
    </div>
  );
});

function LineView({ line, showSource }: { readonly line: LogLine; readonly showSource: boolean }) {
  return (
    <div className={classNames('flex gap-3 px-4 hover:bg-white/5', line.tone === 'molo' && 'text-[#74cfda]')}>
      <span className="hidden shrink-0 text-log-faint select-none sm:inline">{clock.format(new Date(line.at))}</span>
      {showSource && <span className={classNames('w-14 shrink-0 truncate select-none', line.tone === 'error' ? 'text-[#ff8f80]' : 'text-log-faint')}>{line.source}</span>}
      <bdi className="min-w-0 flex-1 text-left break-words whitespace-pre-wrap">
        {terminalRuns(line.text).map((run, index) => (
          <Run key={index} run={run} />
        ))}
        {line.text === '' && '\u00a0'}
      </bdi>
    </div>
  );
}

function Run({ run }: { readonly run: TextRun }) {
  if (run.colour === null && !run.bold && !run.faint) return run.text;
  return <span className={classNames(run.colour !== null && colourClasses[run.colour], run.bold && 'font-bold', run.faint && 'opacity-70')}>{run.text}</span>;
}
