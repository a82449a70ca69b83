import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stopScript, unitText } from './unit.ts';

let folder: string;
let keeper: ChildProcess | undefined;
const place = (service: string) => join(folder, service);
const pidOf = (service: string) => readFileSync(join(place(service), 'supervise/pid'), 'utf8').trim();
const isUp = (service: string) => existsSync(join(place(service), 'supervise/stat')) && readFileSync(join(place(service), 'supervise/stat'), 'utf8') === 'run\n';
const services = ['control-plane', 'haproxy', 'postgres', 'supervisor'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'molo-unit-'));
  for (const service of services) {
    mkdirSync(place(service));
    writeFileSync(join(place(service), 'run'), '#!/bin/sh\nexec tail -f /dev/null\n', { mode: 0o755 });
  }
});

afterEach(() => {
  keeper?.kill('SIGTERM');
  for (const service of services) execFileSync('sh', ['-c', 'sv -w 5 force-shutdown "$0" || :', place(service)], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
});

async function startKeeper(): Promise<void> {
  keeper = spawn('runsvdir', ['-P', folder], { stdio: 'ignore' });
  await waitFor(() => services.every(isUp), { what: 'all services to run' });
}

it('leaves the ingress serving when the unit stops, stops the rest, and starts the rest again with the unit', async () => {
  await startKeeper();
  const ingress = pidOf('haproxy');
  const platform = pidOf('control-plane');
  execFileSync('sh', ['-c', stopScript(folder)], { env: { PATH: process.env['PATH'], MAINPID: String(keeper?.pid) } });
  await waitFor(() => keeper?.exitCode !== null, { what: 'runsvdir to end' });
  expect(services.filter(isUp)).toEqual(['haproxy']);
  expect(pidOf('haproxy')).toBe(ingress);
  await startKeeper();
  expect(pidOf('haproxy')).toBe(ingress);
  expect(pidOf('control-plane')).not.toBe(platform);
});

it('has systemd hand dollars and percent signs on as they are', () => {
  const unit = unitText({ home: '/srv/100%', checkout: '/opt/molo', runsvdir: '/usr/bin/runsvdir' });
  const stop = unit.split('\n').find((line) => line.startsWith('ExecStop='));
  expect(stop).toContain('cd /srv/100%%/services');
  expect(stop).toContain('kill "$$MAINPID"');
  expect(stop).not.toMatch(/[^$]\$[^$]/);
});
