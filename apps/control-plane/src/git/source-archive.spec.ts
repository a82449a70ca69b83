import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Config } from '../config.js';
import type { RegistryBlobs } from '../registry/registry-blobs.js';
import { runGit } from './git-command.js';
import { Repositories } from './repositories.js';
import { SourceArchive } from './source-archive.js';

let home: string;
let repositories: Repositories;
let commitId: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'molo-archive-'));
  repositories = new Repositories({ path: (...parts: string[]) => join(home, ...parts) } as Config);
  await repositories.create('myapp');
  const git = async (args: readonly string[], input: string | Buffer) => (await runGit(['-C', repositories.pathOf('myapp'), ...args], input)).toString().trim();
  const blob = await git(['hash-object', '-w', '--stdin'], Buffer.alloc(5_000_000));
  const tree = await git(['mktree'], `100644 blob ${blob}\tlarge\n`);
  const author = 'Ada <ada@example.com> 1700000000 +0000';
  commitId = await git(['hash-object', '-t', 'commit', '-w', '--stdin'], `tree ${tree}\nauthor ${author}\ncommitter ${author}\n\nOne\n`);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

type Upload = RegistryBlobs['upload'];
const archiveWith = (upload: Upload) => new SourceArchive(repositories, { upload } as RegistryBlobs);

it('leaves no git behind that waits for a registry that has refused', async () => {
  let source: Readable | null = null;
  const archive = archiveWith((_, given) => {
    source = given;
    return Promise.reject(new Error('the registry is full'));
  });
  await expect(archive.store('myapp', commitId, new AbortController().signal)).rejects.toThrow('the registry is full');
  expect(source).toMatchObject({ destroyed: true });
});

it('ends git when the push is refused meanwhile', async () => {
  const refused = new AbortController();
  const archive = archiveWith(async (_, source, whole) => {
    // Nobody reads: git cannot come to its end by itself.
    source.once('readable', () => refused.abort());
    await whole?.();
    return { digest: '', bytes: 0 };
  });
  await expect(archive.store('myapp', commitId, refused.signal)).rejects.toMatchObject({ code: 'internal' });
});

it("says in git's own words why there is no archive", async () => {
  const archive = archiveWith(async (_, source, whole) => {
    source.resume();
    await whole?.();
    return { digest: '', bytes: 0 };
  });
  await expect(archive.store('myapp', '1'.repeat(40), new AbortController().signal)).rejects.toMatchObject({ code: 'internal', cause: expect.objectContaining({ message: expect.stringContaining('git archive ended with 128') }) });
});
