import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ingressPaths, ingressSettingsFrom, type IngressSettings } from './config.js';
import { writeInitialConfig } from './disk.js';
import { Ingress } from './ingress.js';
import { TrafficLedger } from './traffic-ledger.js';

let settings: IngressSettings;

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'molo-ingress-'));
  // Stands for a HAProxy that takes every configuration, and does not run.
  const haproxy = join(home, 'haproxy');
  await writeFile(haproxy, '#!/bin/sh\n');
  await chmod(haproxy, 0o755);
  settings = { ...ingressSettingsFrom(), home, haproxy, pool: 2, httpPort: 8080 };
});
afterEach(() => rm(settings.home, { recursive: true, force: true }));

const ingress = (httpPort: number) => new Ingress({ ...settings, httpPort }, pino({ level: 'silent' }));

it('begins with what HAProxy had where the disk takes nothing, and writes it with the new settings once it does', async () => {
  const { config } = ingressPaths(settings.home);
  await writeInitialConfig(settings);
  const inTheWay = `${config}.next`;
  await mkdir(join(inTheWay, 'content'), { recursive: true });
  const started = ingress(8081);
  try {
    await started.onModuleInit();
    expect(await readFile(config, 'utf8')).toContain(':8080');
    await rm(inTheWay, { recursive: true });
    await waitFor(async () => (await readFile(config, 'utf8')).includes(':8081'), { what: 'the new settings' });
  } finally {
    await started.onModuleDestroy();
  }
});

it('does not begin where HAProxy has nothing to start from', async () => {
  await writeFile(join(settings.home, 'ingress'), 'in the way');
  await expect(ingress(8080).onModuleInit()).rejects.toThrow();
});

it('has no more than one look at what is counted wait for a HAProxy that does not answer', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const { runtimeSocket, trafficLedger } = ingressPaths(settings.home);
  const ledger = new TrafficLedger();
  ledger.begin('e1', 'd1');
  await mkdir(join(settings.home, 'ingress'));
  await writeFile(trafficLedger, ledger.toText());
  const started = ingress(8080);
  await started.onModuleInit();
  const asking: Socket[] = [];
  let isFrozen = true;
  const haproxy = createServer((socket) => {
    socket.once('data', (text) => text.toString().startsWith('show') && asking.push(socket) > 0 && !isFrozen && socket.destroy());
    socket.on('error', () => undefined);
  });
  try {
    await once(haproxy.listen(runtimeSocket), 'listening');
    vi.advanceTimersByTime(10_000);
    await waitFor(() => asking.length > 0, { what: 'the first look' });
    isFrozen = false;
    for (const socket of asking) socket.destroy();
    // Comes after all looks that wait.
    await expect(started.traffic()).rejects.toThrow();
    expect(asking).toHaveLength(2);
  } finally {
    await started.onModuleDestroy();
    haproxy.close();
    vi.useRealTimers();
  }
});
