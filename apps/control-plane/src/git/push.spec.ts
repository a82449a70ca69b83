import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GitTestClient } from './git-test-client.js';
import { type GitTestPlatform, startGitTestPlatform, tokens } from './git-test-platform.js';

let platform: GitTestPlatform;
let client: GitTestClient;
let remote: string;

beforeAll(async () => {
  platform = await startGitTestPlatform();
});
afterAll(async () => {
  await platform.stop();
});
beforeEach(async () => {
  await platform.repositories.remove('myapp');
  platform.deployments.all.length = 0;
  platform.deployments.play = (deployment) => deployment.goLive();
  client = await new GitTestClient().init();
  remote = `${platform.url.replace('http://', `http://x:${tokens.deploy}@`)}/git/myapp.git`;
});
afterEach(() => client.remove());

describe('a push of the deploying branch', () => {
  it('tells the deployment as it goes, ends with release, version, address and receipt, and moves the ref', async () => {
    const commit = await client.change('One');
    await client.run('tag', 'v1.0');
    const { code, output } = await client.run('push', remote, 'main', 'v1.0');
    process.stdout.write(output);
    expect(code).toBe(0);
    expect(output).toContain('remote: -----> v1, version 1.0, is live after 1.84 s');
    expect(output).toContain('312 requests, 0 failed, 0 connections dropped');
    expect(output).toContain('http://myapp.localhost:8080');
    expect(output).toMatch(/\* \[new branch\]\s+main -> main/);
    expect(platform.deployments.last.push).toMatchObject({ appId: 'id-of-myapp', commit: { id: commit, subject: 'One', author: 'Ada' }, versionTag: '1.0', gitRef: 'refs/heads/main', gitNew: commit });
    expect((await client.run('ls-remote', remote)).output).toContain(`${commit}\trefs/heads/main`);
  });
});
