import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GitTestPlatform, startGitTestPlatform, tokens } from '../git/git-test-platform.js';

let platform: GitTestPlatform;
let image: string;

beforeAll(async () => {
  platform = await startGitTestPlatform();
  mkdirSync(join(platform.home, 'docker'));
  mkdirSync(join(platform.home, 'root'));
  writeFileSync(join(platform.home, 'root/hello'), `hello ${platform.home}\n`);
  execFileSync('tar', ['-cf', join(platform.home, 'root.tar'), '-C', join(platform.home, 'root'), '.']);
  image = `${platform.config.registryHost}/myapp:1.0`;
});
afterAll(async () => {
  await docker('rmi', image);
  await platform.stop();
});

/** With sign-ins of its own. Not synchronous: the token endpoint answers from this process. */
function docker(...args: string[]): Promise<{ succeeded: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile('docker', ['--config', join(platform.home, 'docker'), ...args], (error, stdout, stderr) => resolve({ succeeded: !error, output: stdout + stderr }));
  });
}

it('docker pushes and pulls what the token of its sign-in allows, and nothing without one', async () => {
  const { registryHost } = platform.config;
  expect((await docker('import', join(platform.home, 'root.tar'), image)).succeeded).toBe(true);
  expect((await docker('push', image)).succeeded).toBe(false);
  expect((await docker('login', '-u', 'x', '-p', 'molo_wrong', registryHost)).succeeded).toBe(false);
  const login = await docker('login', '-u', 'x', '-p', tokens.read, registryHost);
  expect(login.output).toContain('Login Succeeded');
  expect((await docker('push', image)).output).toMatch(/denied|unauthorized|authorization failed/);
  await docker('login', '-u', 'x', '-p', tokens.deploy, registryHost);
  const pushed = await docker('push', image);
  expect(pushed.succeeded, pushed.output).toBe(true);
  await docker('rmi', image);
  await docker('logout', registryHost);
  expect((await docker('pull', image)).succeeded).toBe(false);
  await docker('login', '-u', 'node', '-p', tokens.node, registryHost);
  const pulled = await docker('pull', image);
  expect(pulled.succeeded, pulled.output).toBe(true);
});
