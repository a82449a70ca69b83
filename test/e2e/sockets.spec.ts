import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SocketCrowd, waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, moloJson, setting, visit, WorkingCopy } from './platform.js';

/** Another machine's, as far as those who count by address can tell. */
const stranger = '127.0.0.2';

describe('ten thousand connections that say nothing, or never come to an end', () => {
  let copy: WorkingCopy;

  beforeAll(async () => {
    copy = await WorkingCopy.of('crowded', 'ssh');
    await copy.commitFixture('myapp/1.0');
    expect((await copy.push()).code).toBe(0);
  });
  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  async function expectOthersServed(): Promise<void> {
    const startedAt = performance.now();
    for (let turn = 0; turn < 20; turn++) expect((await visit('crowded', '/version')).status).toBe(200);
    expect(await moloJson('ps', '--app', 'crowded')).toHaveLength(1);
    expect((await visit('molo', '/api/v1/status')).status).toBe(200);
    expect(await copy.git('ls-remote', 'molo')).toMatchObject({ code: 0, stderr: '' });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  }

  it('keep nobody else from the ingress, and go by themselves', async () => {
    const before = await residentMb('haproxy');
    using crowd = await SocketCrowd.gather({ port: Number(setting('MOLO_HTTP_PORT')), count: 10_000, from: stranger, says: 'GET / HTTP/1.1\r\nHost: crowded.localhost\r\nX-A: b' });
    // Where few files may be open, one address has not all of them.
    expect(crowd.open).toBeGreaterThan(5_000);
    await expectOthersServed();
    expect((await residentMb('haproxy')) - before).toBeLessThan(200);
    await waitFor(() => crowd.open === 0, { timeoutMs: 60_000, what: 'all to be let go' });
  });

  it('keep nobody else from git over SSH, and go by themselves', async () => {
    const before = await residentMb('control-plane');
    using crowd = await SocketCrowd.gather({ port: Number(setting('MOLO_SSH_PORT')), count: 10_000, from: stranger, says: 'SSH-2.0-nobody\r\n' });
    await expectOthersServed();
    expect((await residentMb('control-plane')) - before).toBeLessThan(200);
    await waitFor(() => crowd.open === 0, { timeoutMs: 60_000, what: 'all to be let go' });
  });

  /** Of the service's program and its children together. */
  async function residentMb(service: string): Promise<number> {
    const [pid = ''] = readFileSync(join(setting('MOLO_HOME'), 'run/pids', service), 'utf8').split(' ');
    const { stdout } = await command('ps', ['-o', 'rss=', '--pid', pid, '--ppid', pid]);
    return stdout.split('\n').reduce((sum, line) => sum + Number(line), 0) / 1024;
  }
});
