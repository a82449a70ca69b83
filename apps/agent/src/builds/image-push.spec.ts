import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushImage } from './image-push.js';
import { whileUnavailable } from './while-unavailable.js';

const digest = `sha256:${'a'.repeat(64)}`;
const stored = [{ status: 'Pushed', id: 'aaaaaaaaaaaa' }, { status: 'Layer already exists', id: 'bbbbbbbbbbbb' }, { aux: { Tag: '1.0', Digest: digest } }];

let server: Server;
let docker: Docker;
let answers: Array<(response: ServerResponse) => void>;
let pushes: number;
let cut: number;

/* Plays the engine: how it tells of a broken upload is what these tests are about. */
beforeEach(async () => {
  pushes = 0;
  cut = 0;
  server = createServer((_request, response) => {
    response.on('close', () => (cut += response.writableFinished ? 0 : 1));
    answers[Math.min(pushes++, answers.length - 1)]?.(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  docker = new Docker({ protocol: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const lines = (events: readonly object[]) => events.map((event) => `${JSON.stringify(event)}\r\n`).join('');
const ends = (events: readonly object[]) => (response: ServerResponse) => response.end(lines(events));
const hangs = (events: readonly object[]) => (response: ServerResponse) => response.write(lines(events));
const { signal } = new AbortController();
const push = (moved = new Set<string>(), stop = signal) => pushImage(docker, { reference: 'localhost:5000/myapp:1.0', login: undefined, moved }, stop);

describe('pushing an image', () => {
  it('gives the digest, and the layers that were sent', async () => {
    answers = [ends(stored)];
    const moved = new Set<string>();
    expect(await push(moved)).toBe(digest);
    expect([...moved]).toEqual(['aaaaaaaaaaaa']);
  });

  it('begins again at once where the engine would wait, and forgets no layer that it sent before', async () => {
    answers = [hangs([{ status: 'Pushed', id: 'cccccccccccc' }, { status: 'Retrying in 5 seconds', id: 'aaaaaaaaaaaa' }]), ends(stored)];
    const moved = new Set<string>();
    const begun = performance.now();
    expect(await whileUnavailable(() => push(moved), signal)).toBe(digest);
    expect(performance.now() - begun).toBeLessThan(4000);
    expect([...moved]).toEqual(['cccccccccccc', 'aaaaaaaaaaaa']);
    expect({ pushes, cut }).toEqual({ pushes: 2, cut: 1 });
  });

  it("says the engine's own reason", async () => {
    answers = [ends([{ error: 'denied: the disk is full' }])];
    await expect(push()).rejects.toMatchObject({ code: 'image_push_failed', detail: expect.stringContaining('denied: the disk is full') });
  });

  it('is taken for failed when the engine ends in the middle', async () => {
    answers = [(response) => response.write(lines(stored.slice(0, 1)), () => response.destroy())];
    await expect(push()).rejects.toMatchObject({ code: 'image_push_failed' });
  });

  it('ends in the engine, too, when the build is stopped', async () => {
    const stop = new AbortController();
    const reason = new Error('cancelled');
    answers = [(response) => response.write(lines(stored.slice(0, 1)), () => stop.abort(reason))];
    await expect(push(new Set(), stop.signal)).rejects.toBe(reason);
    await expect.poll(() => cut).toBe(1);
  });
});
