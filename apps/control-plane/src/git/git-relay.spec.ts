import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGit, spawnGit } from './git-command.js';
import { relay } from './git-relay.js';
import { packet } from './pkt-line.js';

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'molo-relay-'));
  await runGit(['init', '--quiet', '--bare', folder]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const update = packet(`${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\0report-status side-band-64k`);
const startOfPack = Buffer.concat([update, Buffer.from('0000'), Buffer.from('PACK'), Buffer.of(0, 0, 0, 2, 0, 0, 0, 9)]);

describe('a client that stands still', () => {
  it.each([
    ['says nothing at all', Buffer.alloc(0)],
    ['stops in the middle of its pack', startOfPack],
  ])('and %s is let go, and its git ends', async (_, sent) => {
    const [from, to] = [new PassThrough(), new PassThrough()];
    to.resume();
    from.write(sent);
    const git = spawnGit(['receive-pack', folder]);
    await relay(git, 'git-receive-pack', from, to, 300);
    expect(git.exitCode).not.toBeNull();
    expect(to.destroyed).toBe(true);
    expect((await runGit(['-C', folder, 'for-each-ref'])).toString()).toBe('');
  });

  it('and does not read what it fetches is let go', async () => {
    const large = (await runGit(['-C', folder, 'hash-object', '-w', '--stdin'], Buffer.alloc(3_000_000, 'x'))).toString().trim();
    const reader = spawnGit(['-C', folder, 'cat-file', 'blob', large]);
    const to = new PassThrough();
    const { code } = await relay(reader, 'git-upload-pack', new PassThrough(), to, 300);
    expect(code).toBeNull();
    expect(to.destroyed).toBe(true);
  });
});

it('a client that is slow is waited for', async () => {
  const [from, to] = [new PassThrough(), new PassThrough()];
  to.resume();
  const startedAt = performance.now();
  const relayed = relay(spawnGit(['receive-pack', folder]), 'git-receive-pack', from, to, 400);
  for (const byte of startOfPack.subarray(0, 20)) {
    from.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(to.destroyed).toBe(false);
  await relayed;
  expect(performance.now() - startedAt).toBeGreaterThan(1000);
});
