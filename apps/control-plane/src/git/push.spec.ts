import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { waitFor } from '@molo/testkit';
import { storedSource, withGitTestBed } from './git-test-bed.js';
import { GitTestClient } from './git-test-client.js';
import { HookServer } from './hook-server.js';
import { type GitTestPlatform, startGitTestPlatform, tokens } from './git-test-platform.js';

let platform: GitTestPlatform;
let client: GitTestClient;
let remote: string;

withGitTestBed((bed) => {
  ({ platform, client, remote } = bed);
});

async function refs(): Promise<string> {
  return (await client.run('ls-remote', remote)).output;
}

describe('a push of the deploying branch', () => {
  it('tells the deployment as it goes, ends with release, version, address and receipt, and moves the ref', async () => {
    const commit = await client.change('One');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code, output).toBe(0);
    expect(output).toContain('remote: -----> Release v1');
    expect(output).toContain('remote: -----> v1 is live after 1.84 s');
    expect(output).toContain('remote:        312 requests, 0 failed, 0 connections dropped');
    expect(output).toContain('remote:        http://myapp.localhost:8080');
    expect(output).toMatch(/\* \[new branch\]\s+main -> main/);
    expect(platform.deployments.last.push).toMatchObject({ appId: 'id-of-myapp', environmentName: 'production', commit: { id: commit, subject: 'One', author: 'Ada' }, gitRef: 'refs/heads/main', gitNew: commit });
    expect(platform.deployments.last.push.caller.name).toBe('ada');
    expect(await refs()).toContain(`${commit}\trefs/heads/main`);
    expect((await client.run('push', remote, 'main')).output).toContain('Everything up-to-date');
  });

  it('is refused with the reason when the deployment fails, and leaves the ref where it was', async () => {
    const first = await client.change('One');
    await client.run('push', remote, 'main');
    platform.deployments.play = (deployment) => {
      deployment.log('-----> Installing\n       npm error 404');
      deployment.log('listening on 3000', 'web.1');
      deployment.fail({ code: 'build_step_failed', detail: 'npm ci ended with exit code 1.\nLook at package.json.' });
    };
    await client.change('Two');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code).toBe(1);
    expect(output).toContain('remote:        npm error 404');
    expect(output).toContain('remote:        [web.1] listening on 3000');
    expect(output).toContain('remote:  !     A step of the build failed: npm ci ended with exit code 1.');
    expect(output).toContain('remote:  !     Look at package.json.');
    expect(output).toMatch(/! \[remote rejected\] main -> main \(A step of the build failed\)/);
    expect(await refs()).toContain(`${first}\trefs/heads/main`);
  });

  it('takes the version from a tag on the commit, stored before or pushed along, annotated or not', async () => {
    await client.change('One');
    await client.run('tag', 'v1.9');
    await client.run('tag', '-a', '-m', 'Ten', '1.10');
    await client.run('tag', 'nightly');
    const { output } = await client.run('push', remote, 'main', '--tags');
    expect(output).toContain('v1, version 1.10, is live');
    expect(platform.deployments.last.push.versionTag).toBe('1.10');
    expect(await refs()).toMatch(/refs\/tags\/1\.10\n.*refs\/tags\/1\.10\^\{\}\n.*refs\/tags\/nightly\n.*refs\/tags\/v1\.9/);
    await client.change('Two');
    await client.run('tag', 'v2.0');
    await client.run('push', remote, 'v2.0');
    await client.run('push', remote, 'main');
    expect(platform.deployments.last.push.versionTag).toBe('2.0');
  });

  it('deploys a forced push and moves the ref back', async () => {
    const first = await client.change('One');
    await client.run('push', remote, 'main');
    await client.change('Two');
    await client.run('push', remote, 'main');
    await client.run('reset', '--hard', first);
    const other = await client.change('Other');
    expect((await client.run('push', remote, 'main')).output).toContain('[rejected]');
    const { code, output } = await client.run('push', '--force', remote, 'main');
    expect(code, output).toBe(0);
    expect(output).toContain('(forced update)');
    expect(await refs()).toContain(`${other}\trefs/heads/main`);
  });

  it('cannot delete it', async () => {
    const commit = await client.change('One');
    await client.run('push', remote, 'main');
    const { output } = await client.run('push', remote, ':main');
    expect(output).toContain('the deploying branch cannot be deleted');
    expect(await refs()).toContain(commit);
  });

  it('refuses a commit without files', async () => {
    await client.commit('Nothing');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code).toBe(1);
    expect(output).toContain('The commit holds no files');
    expect(platform.deployments.all).toHaveLength(0);
  });

  it('refuses one that git could not keep beside another branch, before anything is built', async () => {
    const commit = await client.change('One');
    await client.run('push', remote, 'main:side');
    await platform.repositories.moveRef('myapp', 'refs/heads/main/next', commit, null);
    const { code, output } = await client.run('push', remote, 'main');
    expect(code).toBe(1);
    expect(output).toContain('Git cannot keep main beside the branch main/next. Delete that first: git push REMOTE :refs/heads/main/next');
    expect(platform.deployments.all).toHaveLength(0);
    await client.run('push', remote, ':main/next');
    expect((await client.run('push', remote, 'main')).code).toBe(0);
  });

  it('refuses an annotated tag, which no branch can point to', async () => {
    await client.change('One');
    await client.run('tag', '-a', '-m', 'Ten', 'v10');
    const { code, output } = await client.run('push', remote, 'v10:refs/heads/main');
    expect(code).toBe(1);
    expect(output).toContain('git push REMOTE TAG^{}:refs/heads/main');
    expect(platform.deployments.all).toHaveLength(0);
    expect((await client.run('push', remote, 'v10^{}:refs/heads/main')).code).toBe(0);
  });

  it('is not said to have moved the branch where that stayed behind', async () => {
    platform.deployments.play = (deployment) => {
      deployment.add({ kind: 'step', step: 'ref.failed', text: 'The release is live, but refs/heads/main could not be moved: push again.' });
      deployment.add({ kind: 'state', state: 'live', failure: null });
    };
    await client.change('One');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code).toBe(1);
    expect(output).toContain('remote:  !     The release is live, but refs/heads/main could not be moved: push again.');
    expect(output).toContain('main -> main (live, but the branch could not be moved: push again)');
  });

  it('is told when the database is away', async () => {
    vi.spyOn(platform.deployments, 'push').mockRejectedValueOnce(new Error('Connection terminated unexpectedly'));
    await client.change('One');
    const { output } = await client.run('push', remote, 'main');
    expect(output).toContain('A part of Molo does not answer: The database does not answer. Try again in a moment');
    expect(output).toContain('(A part of Molo does not answer)');
  });

  it('says that submodules are not fetched', async () => {
    client.write('.gitmodules', '[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://example.com/lib.git\n');
    const commit = await client.change('One');
    await client.run('update-index', '--add', '--cacheinfo', `160000,${commit},vendor/lib`);
    await client.run('commit', '--quiet', '-m', 'Add lib');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code, output).toBe(0);
    expect(output).toContain('Submodules are not fetched: vendor/lib will be empty');
  });

  it('says that the objects of Git LFS are not fetched', async () => {
    client.write('logo.psd', `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`);
    await client.change('One');
    const { code, output } = await client.run('push', remote, 'main');
    expect(code, output).toBe(0);
    expect(output).toContain('Git LFS objects are not fetched: the app gets the pointer files of logo.psd');
  });

  it('keeps modes, symlinks, non-ASCII names and files that archives would leave out', async () => {
    client.write('.gitattributes', 'left-out export-ignore\n');
    client.write('left-out', 'here\n');
    client.write('grün und 日本.txt', 'x\n');
    client.write('run', '#!/bin/sh\n');
    chmodSync(join(client.folder, 'run'), 0o755);
    mkdirSync(join(client.folder, 'd'.repeat(90)));
    client.write(`${'d'.repeat(90)}/${'f'.repeat(90)}`, 'deep\n');
    symlinkSync('run', join(client.folder, 'link'));
    await client.commit('One');
    await client.run('push', remote, 'main');
    const stored = await storedSource(platform);
    const tar = zstdDecompressSync(stored);
    const listing = execFileSync('tar', ['-tv', '--quoting-style=literal'], { input: tar, encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } });
    expect(listing).toMatch(/-rwxr-xr-x .* run\n/);
    expect(listing).toMatch(/-rw-r--r-- .* grün und 日本\.txt\n/);
    expect(listing).toMatch(/ link -> run\n/);
    expect(listing).toContain('left-out');
    expect(listing).toContain(`${'d'.repeat(90)}/${'f'.repeat(90)}`);
    expect(platform.deployments.last.push.sourceBytes).toBe(stored.length);
  });

  it('of a tree that was built before stores no source, and so needs no registry', async () => {
    const without = await startGitTestPlatform({ withRegistry: false });
    try {
      await client.change('One');
      const push = () => client.run('push', `${without.url.replace('http://', `http://x:${tokens.deploy}@`)}/git/myapp.git`, 'main');
      await without.repositories.create('myapp');
      expect((await push()).output).toContain('A part of Molo does not answer');
      expect(without.deployments.all).toEqual([]);
      without.deployments.builtTrees.add((await client.run('rev-parse', 'HEAD^{tree}')).output.trim());
      const { code, output } = await push();
      expect(code, output).toBe(0);
      expect(output).toContain('remote: -----> v1 is live');
    } finally {
      await without.stop();
    }
  });

  it('shows nothing of a log that would move the cursor or pass for another line', async () => {
    platform.deployments.play = async (deployment) => {
      deployment.log('\u001b[2J\u001b]0;owned\u0007\u001b[31mred\u001b[0m\rprogress 10%\rprogress 100%\n\u202eevil\u0007');
      deployment.log('x'.repeat(5000));
      await deployment.goLive();
    };
    await client.change('One');
    const { output } = await client.run('push', remote, 'main');
    expect(output).toContain('remote: progress 100%');
    expect(output).toContain('remote: evil');
    for (const hidden of ['owned', '\u001b[2J', '\u001b[31m', '\u202e', '\u0007']) expect(output).not.toContain(hidden);
    expect(output).toMatch(/remote: x{2000}…/);
  });
});

describe('a pusher who', () => {
  it('hangs up changes nothing: the deployment goes on, and the ref moves', async () => {
    let begun = false;
    platform.deployments.play = (deployment) => {
      deployment.log('-----> Building');
      begun = true;
    };
    const commit = await client.change('One');
    const { hangUp, outcome } = client.start('push', remote, 'main', 'main:side');
    await waitFor(() => begun, { what: 'the deployment to begin' });
    hangUp();
    await outcome;
    expect(await refs()).toBe('');
    await platform.deployments.last.goLive();
    await waitFor(async () => (await refs()).includes('refs/heads/side'), { what: 'the other ref to be stored' });
    expect(await refs()).toContain(`${commit}\trefs/heads/main`);
  });

  it('pushes while another push is deployed is deployed after it, and the ref ends at what is live', async () => {
    platform.deployments.play = () => undefined;
    await client.change('One');
    const first = client.start('push', remote, 'main');
    await waitFor(() => platform.deployments.all.length === 1, { what: 'the first push' });
    const two = await client.change('Two');
    const second = client.start('push', remote, 'main');
    await waitFor(() => platform.deployments.all.length === 2, { what: 'the second push' });
    await platform.deployments.all[0]?.goLive();
    expect((await first.outcome).code).toBe(0);
    await platform.deployments.all[1]?.goLive();
    expect((await second.outcome).code).toBe(0);
    expect(await refs()).toContain(`${two}\trefs/heads/main`);
  });

  it('is there when the control plane stops is told where the deployment goes on', async () => {
    const stopping = await startGitTestPlatform();
    try {
      stopping.deployments.play = (deployment) => deployment.log('-----> Building');
      await client.change('One');
      const push = client.start('push', `${stopping.url.replace('http://', `http://x:${tokens.deploy}@`)}/git/myapp.git`, 'main');
      await waitFor(() => stopping.deployments.all.length === 1, { what: 'the deployment to begin' });
      const { id } = stopping.deployments.last;
      await stopping.app.get(HookServer).beforeApplicationShutdown();
      const { code, output } = await push.outcome;
      expect(code).toBe(1);
      expect(output).toContain('The control plane restarts. The deployment goes on:');
      expect(output).toContain(`not live yet: molo logs --deployment ${id}`);
    } finally {
      await stopping.stop();
    }
  });

  it('is behind somebody else is told to fetch first', async () => {
    await client.change('One');
    await client.run('push', remote, 'main');
    const other = await new GitTestClient().init();
    await other.change('Elsewhere');
    const { output } = await other.run('push', remote, 'main');
    expect(output).toContain('fetch first');
    other.remove();
  });
});

it('names no file outside the tree: a push with such names is refused', async () => {
  const blob = (await client.run('hash-object', '-w', '--stdin')).output.trim();
  const line = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]);
  client.write('tree', line);
  const tree = (await client.run('hash-object', '-t', 'tree', '-w', '--literally', 'tree')).output.trim();
  const commit = (await client.run('commit-tree', '-m', 'Evil', tree)).output.trim();
  const { code, output } = await client.run('push', remote, `${commit}:refs/heads/main`);
  expect(code).toBe(1);
  expect(output).toMatch(/hasDotdot|contains '\.\.'/);
  expect(platform.deployments.all).toHaveLength(0);
});
