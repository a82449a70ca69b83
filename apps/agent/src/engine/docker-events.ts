import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { z } from 'zod';
import type { Log } from '../logger.js';
import type { EngineEvent } from './engine.js';

const DockerEvent = z.object({ Action: z.string(), Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }) });

const kinds: Readonly<Record<string, EngineEvent['kind']>> = { start: 'started', die: 'ended', destroy: 'removed', oom: 'out-of-memory' };

const reconnectPauseMs = 500;

/** Follows the engine's events and comes back whenever the stream breaks; each (re)connection begins with `lost`. */
export async function watchDocker(docker: Docker, listener: (event: EngineEvent) => void, signal: AbortSignal, log: Log): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(docker, listener, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'the engine does not answer');
    }
    await pause(reconnectPauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function follow(docker: Docker, listener: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
  const filters = JSON.stringify({ type: ['container'], label: ['molo.managed=true'], event: [...Object.keys(kinds), 'health_status'] });
  const stream: Readable = Readable.from(await docker.getEvents({ filters, abortSignal: signal }));
  listener({ kind: 'lost', containerId: '', labels: {} });
  for await (const line of createInterface({ input: stream })) {
    const event = DockerEvent.safeParse(JSON.parse(line));
    if (event.success) listener({ kind: kindOf(event.data.Action), containerId: event.data.Actor.ID, labels: event.data.Actor.Attributes });
  }
}

function kindOf(action: string): EngineEvent['kind'] {
  return kinds[action] ?? (action.startsWith('health_status') ? 'health' : 'lost');
}
