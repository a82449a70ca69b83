import { describe, expect, it } from 'vitest';
import { withGitTestBed } from './git-test-bed.js';
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

describe('a push of the branch of another environment', () => {
  it('deploys that environment, tells its address, and moves the branch when it is live', async () => {
    const commit = await client.change('One');
    const { code, output } = await client.run('push', remote, 'main:staging');
    expect(code, output).toBe(0);
    expect(output).toContain(`-----> Deploying ${commit.slice(0, 8)} to staging of myapp`);
    expect(output).toContain('http://myapp--staging.localhost:8080');
    expect(platform.deployments.last.push).toMatchObject({ environmentName: 'staging', gitRef: 'refs/heads/staging', gitNew: commit });
    expect((await refs()).trim()).toBe(`${commit}\trefs/heads/staging`);
  });

  it('deploys each of those that are pushed at once, one after the other, and stores the rest', async () => {
    await client.change('One');
    const { code, output } = await client.run('push', remote, 'main:staging', 'main', 'main:refs/heads/feature');
    expect(code, output).toBe(0);
    expect(platform.deployments.all.map(({ push }) => push.environmentName).toSorted()).toEqual(['production', 'staging']);
    expect(output).toContain('feature: stored, not deployed. Only main, staging and acceptance deploy');
  });

  it('can be deleted until something is live there', async () => {
    const commit = await client.change('One');
    await platform.repositories.create('myapp');
    await client.run('push', remote, 'main');
    for (const branch of ['staging', 'acceptance']) await platform.repositories.moveRef('myapp', `refs/heads/${branch}`, commit, null);
    expect((await client.run('push', remote, ':acceptance')).output).toContain('To remove the environment: molo environments remove acceptance --app myapp');
    expect((await client.run('push', remote, ':staging')).output).toContain('[deleted]');
    expect(await refs()).not.toContain('staging');
  });

  it('leaves no room for branches below it', async () => {
    await client.change('One');
    expect((await client.run('push', remote, 'main:refs/heads/staging/next')).output).toContain('its name is in the way of staging, the branch that deploys; take another');
  });
});

describe('a push that waits for approval', () => {
  it('is answered at once as done, told how it is approved, and does not move the branch, here or at the pusher', async () => {
    platform.deployments.play = (deployment) => {
      deployment.log('-----> Node app');
      deployment.add({ kind: 'state', state: 'awaiting_approval', failure: null });
    };
    await client.run('remote', 'add', 'molo', remote);
    await client.change('One');
    const { code, output } = await client.run('push', 'molo', 'main');
    const { id } = platform.deployments.last;
    expect(code, output).toBe(0);
    expect(output).toContain('-----> Node app');
    expect(output).toContain('-----> Waiting until a sysadmin approves');
    expect(output).toContain(`molo approve ${id}`);
    expect(output).toContain(`http://molo.localhost:8080/deployments/${id}`);
    expect(output).toMatch(new RegExp(`\\[new reference\\]\\s+main -> refs/molo/waiting/${id}`));
    expect(await refs()).toBe('');
    expect((await client.run('for-each-ref', 'refs/remotes')).output).toBe('');
  });
});
