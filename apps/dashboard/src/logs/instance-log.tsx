'use client';

import { useEffect, useState } from 'react';
import type { InstanceLogLine } from '@molo/contracts';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import type { Place } from '../releases/release-queries';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { appendLines, emptyLog, type LogBuffer, type LogLine } from './log-buffer';
import { LogView } from './log-view';

const linesAtStart = 200;
const drawWithinMs = 50;
/** A page that is not looked at has its timer slowed down to a minute: this many lines are drawn without it. */
const mostWaiting = 2_000;
const patienceMs = 600_000;

type Reading = { readonly log: LogBuffer; readonly status: 'reading' | 'reconnecting' | 'ended'; readonly error: unknown };

const toneOf = { stdout: 'plain', stderr: 'error', molo: 'molo' } as const;

function asLogLine({ at, instance, stream, text }: InstanceLogLine): Omit<LogLine, 'id'> {
  return { at, source: instance, text, tone: toneOf[stream] };
}

function reconnecting(before: Reading): Reading {
  return { ...before, status: 'reconnecting' };
}

function joined(before: Reading): Reading {
  return { ...before, status: 'reading' };
}

/** Reads the log of an environment's instances as long as the page shows it. */
function useInstanceLog({ app, environment }: Place, attempt: number): Reading {
  const [reading, setReading] = useState<Reading>({ log: emptyLog, status: 'reading', error: null });
  useEffect(() => {
    const stop = new AbortController();
    let waiting: InstanceLogLine[] = [];
    const draw = () => {
      const lines = waiting.map(asLogLine);
      waiting = [];
      if (lines.length > 0) setReading((before) => ({ ...before, log: appendLines(before.log, lines) }));
    };
    const timer = setInterval(draw, drawWithinMs);
    const read = async () => {
      const onReconnect = () => setReading(reconnecting);
      const request = { params: { app, environment }, query: { lines: linesAtStart, follow: true } };
      const options = { signal: stop.signal, giveUpAfterMs: patienceMs, onReconnect, onJoined: () => setReading(joined) };
      for await (const line of molo.readLogs(request, options)) {
        waiting.push(line);
        if (waiting.length >= mostWaiting) draw();
      }
    };
    setReading({ log: emptyLog, status: 'reading', error: null });
    read().then(
      () => {
        draw();
        setReading((before) => ({ ...before, status: 'ended' }));
      },
      (error: unknown) => stop.signal.aborted || setReading((before) => ({ ...before, status: 'ended', error })),
    );
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [app, environment, attempt]);
  return reading;
}

export function InstanceLogSection({ place }: { readonly place: Place }) {
  const [attempt, setAttempt] = useState(0);
  const { log, status, error } = useInstanceLog(place, attempt);
  return (
    <Section title="Logs" hint="What the instances write, as they write it.">
      {error !== null && <ProblemNotice error={error} onRetry={() => setAttempt(attempt + 1)} />}
      <LogView
        label={`Log of ${place.app}`}
        log={log}
        showSource
        running={status !== 'ended'}
        empty={status === 'ended' ? 'No lines.' : 'Listening. Nothing was written yet.'}
        filter={
          <span role="status" className="px-2 text-[0.83rem] text-log-faint">
            {status === 'reading' ? 'Live' : status === 'reconnecting' ? 'Reconnecting' : 'Ended'}
          </span>
        }
      />
      <Command text={commands.logs(place)} />
    </Section>
  );
}
