import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SocketCrowd, waitFor } from '@molo/testkit';
import { expect, it } from 'vitest';
import { withGitTestBed } from './git-test-bed.js';
import { GitTestClient } from './git-test-client.js';
import { callerWith, type GitTestPlatform } from './git-test-platform.js';

let platform: GitTestPlatform;

withGitTestBed((bed) => {
  ({ platform } = bed);
});

it('ten thousand connections that do not sign in keep nobody else from git over SSH, take a bounded memory, and go by themselves', async () => {
  const key = join(platform.home, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  platform.keys.set(readFileSync(`${key}.pub`, 'utf8').split(' ')[1] ?? '', callerWith('ada', ['read', 'deploy']));
  const client = await new GitTestClient({ GIT_SSH_COMMAND: `ssh -F none -i ${key} -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=${key}.known -o StrictHostKeyChecking=accept-new -o BatchMode=yes` }).init();
  const before = process.memoryUsage.rss();
  using crowd = await SocketCrowd.gather({ port: platform.config.sshPort, count: 10_000, from: '127.0.0.2', says: 'SSH-2.0-nobody\r\n' });
  const { code, output } = await client.run('ls-remote', `ssh://git@127.0.0.1:${platform.config.sshPort}/myapp.git`);
  expect(code, output).toBe(0);
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 ** 2);
  await waitFor(() => crowd.open === 0, { timeoutMs: 60_000, what: 'all to be let go' });
  client.remove();
}, 120_000);
