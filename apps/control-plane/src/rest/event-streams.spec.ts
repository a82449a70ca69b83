import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it, describe } from 'vitest';
import { AppError } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import type { Response as ExpressResponse } from 'express';
import { createLog } from '../log.js';
import type { StreamEvent } from './endpoint.decorator.js';
import type { Revocations } from '../access/revocations.js';
import { EventStreams } from './event-streams.js';

let server: Server;

afterEach(() => server.close());

type Events = (signal: AbortSignal) => AsyncIterable<StreamEvent<unknown>>;

function listen(streams: EventStreams, events: Events): Server {
  return createServer((_, response) => {
    const signal = streams.signalOf(response as ExpressResponse);
    void streams.send(response as ExpressResponse, events(signal), signal);
  });
}

async function serve(streams: EventStreams, events: Events): Promise<Response> {
  server = listen(streams, events).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const streams = () => new EventStreams({ listen: () => undefined } as unknown as Revocations, createLog({ logLevel: 'silent' }));

describe('an event stream', () => {
  it('carries each event with its id, and says when it has come to its end', async () => {
    const answer = await serve(streams(), async function* () {
      yield { id: '1', data: { text: 'line one\nline two' } };
      yield { data: 'no id' };
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await answer.text()).toBe('id: 1\ndata: {"text":"line one\\nline two"}\n\ndata: "no id"\n\nevent: end\ndata: {}\n\n');
  });

  it('tells a failure inside as a problem, and of one that nobody foresaw no more than that', async () => {
    const known = await serve(streams(), async function* () {
      yield { data: 1 };
      throw new AppError('unavailable', { detail: 'The agent is away.' });
    });
    expect(await known.text()).toMatch(/^data: 1\n\nevent: problem\ndata: \{.*"code":"unavailable".*\}\n\n$/);
    server.close();
    const unknown = await serve(streams(), async function* () {
      yield { data: 1 };
      throw new Error('the password is sesame');
    });
    const text = await unknown.text();
    expect(text).toContain('"code":"internal"');
    expect(text).not.toContain('sesame');
  });

  it('breaks off without an end when the platform shuts down, so that the client joins again', async () => {
    const own = streams();
    const answer = await serve(own, async function* (signal) {
      yield { id: '1', data: 1 };
      await once(signal, 'abort');
    });
    own.beforeApplicationShutdown();
    expect(await answer.text()).toBe('id: 1\ndata: 1\n\n');
  });

  it('stops asking for events when its reader has gone', async () => {
    let asked = 0;
    let stopped = false;
    const answer = await serve(streams(), async function* (signal) {
      try {
        while (!signal.aborted) {
          yield { data: asked++ };
          await pause(1);
        }
      } finally {
        stopped = true;
      }
    });
    const reader = answer.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await waitFor(() => stopped, { what: 'the source to be left' });
  });

  // A socket of the kind over which the owner's command line comes takes little at once.
  it('comes to its end with a reader that takes its time, whatever its events weigh', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'molo-streams-'));
    const socketPath = join(folder, 'socket');
    const weights = [...Array<number>(11).fill(60), ...Array<number>(150).fill(65_536), 38_528, 30];
    server = listen(streams(), async function* () {
      for (const weight of weights) yield { id: String(weight), data: 'x'.repeat(weight) };
    }).listen(socketPath);
    await once(server, 'listening');
    const [answer] = (await once(get({ socketPath, path: '/' }), 'response')) as [IncomingMessage];
    let text = '';
    const readAll = async () => {
      for await (const chunk of answer) {
        text += String(chunk);
        await pause(1);
      }
    };
    await Promise.race([readAll(), pause(20_000, undefined, { ref: false })]);
    rmSync(folder, { recursive: true });
    expect(text.slice(-30)).toContain('event: end');
    expect(text.length).toBeGreaterThan(150 * 65_536);
  });

  it('waits for a slow reader instead of filling the memory', async () => {
    let asked = 0;
    const answer = await serve(streams(), async function* (signal) {
      while (!signal.aborted) yield { data: `${asked++}${'x'.repeat(100_000)}` };
    });
    let before = -1;
    await waitFor(async () => {
      const isStill = asked === before && asked > 0;
      before = asked;
      await pause(100);
      return isStill;
    }, { what: 'the source to be held up' });
    expect(asked).toBeLessThan(500);
    await answer.body?.cancel();
  });
});
