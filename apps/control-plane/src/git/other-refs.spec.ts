import { execFileSync } from 'node:child_process';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runGit } from './git-command.js';
import { storedSource, withGitTestBed } from './git-test-bed.js';
import type { GitTestClient } from './git-test-client.js';
import type { GitTestPlatform } from './git-test-platform.js';

let platform: GitTestPlatform;
let client: GitTestClient;
let remote: string;

withGitTestBed((bed) => {
  ({ platform, client, remote } = bed);
});

async function refs(): Promise<string> {
  return (await client.run('ls-remote', remote)).output;
}

describe('other refs', () => {
  it('are stored, not deployed, with a line that says which branch deploys and an audit event', async () => {
    const commit = await client.change('One');
    const { code, output } = await client.run('push', remote, 'main:refs/heads/feature/x');
    expect(code, output).toBe(0);
    expect(output).toContain('feature/x: stored, not deployed. Only main, staging and acceptance deploy');
    expect(platform.deployments.all).toHaveLength(0);
    expect(await refs()).toContain('refs/heads/feature/x');
    expect(platform.audited.at(-1)).toMatchObject({ by: 'ada', action: 'refs.pushed', target: 'myapp', before: { 'refs/heads/feature/x': null }, after: { 'refs/heads/feature/x': commit } });
    expect((await client.run('push', remote, ':feature/x')).output).toContain('[deleted]');
    expect(platform.audited.at(-1)).toMatchObject({ before: { 'refs/heads/feature/x': commit }, after: { 'refs/heads/feature/x': null } });
    expect(await refs()).not.toContain('feature/x');
  });

  it('are refused together with a failed deployment in an atomic push', async () => {
    platform.deployments.play = (deployment) => deployment.fail({ code: 'build_step_failed', detail: 'No.' });
    await client.change('One');
    await client.run('branch', 'other');
    const { code, output } = await client.run('push', '--atomic', remote, 'main', 'other');
    expect(code).toBe(1);
    expect(output).toContain('atomic push: another ref was refused');
    expect(await refs()).toBe('');
    await client.run('push', remote, 'main', 'other');
    expect(await refs()).toContain('refs/heads/other');
  });

  it('that are no branches, tags or notes are refused, and the others of the push kept', async () => {
    const commit = await client.change('One');
    const { output } = await client.run('push', remote, 'main:refs/changes/1', 'main:refs/notes/build', 'main');
    expect(output).toMatch(/! \[remote rejected\] main -> refs\/changes\/1 \(only branches, tags and notes are kept here\)/);
    expect((await refs()).trim().split('\n').toSorted()).toEqual([`${commit}\tHEAD`, `${commit}\trefs/heads/main`, `${commit}\trefs/notes/build`]);
  });

  it('cannot stand in the way of the branch that deploys', async () => {
    await client.change('One');
    expect((await client.run('push', remote, 'main:refs/heads/main/next')).output).toContain('its name is in the way of main, the branch that deploys; take another');
    expect(await refs()).toBe('');
  });

  it('that put one object in the place of another can neither be pushed nor seen, and change nothing where they are', async () => {
    const other = await client.change('Other');
    await client.run('push', remote, 'main:side');
    const commit = await client.change('One');
    await client.run('push', remote, 'main:next');
    expect((await client.run('push', remote, `${other}:refs/replace/${commit}`)).output).toContain('deny updating a hidden ref');
    await runGit(['-C', platform.repositories.pathOf('myapp'), 'update-ref', `refs/replace/${commit}`, other]);
    expect(await refs()).not.toContain('refs/replace');
    expect((await client.run('push', remote, 'main')).code).toBe(0);
    expect(platform.deployments.last.push.commit.subject).toBe('One');
    expect(execFileSync('tar', ['-xO', 'index.js'], { input: zstdDecompressSync(await storedSource(platform)), encoding: 'utf8' })).toBe('// One\n');
  });

  it('of Molo itself can be neither seen nor pushed', async () => {
    await client.change('One');
    expect((await client.run('push', remote, 'main:refs/molo/x')).output).toContain('deny updating a hidden ref');
  });
});
