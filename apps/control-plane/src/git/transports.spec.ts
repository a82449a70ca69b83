import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '@molo/testkit';
import { Authenticator } from '../access/authenticator.js';
import { AppsService } from '../apps/apps.service.js';
import { withGitTestBed } from './git-test-bed.js';
import { GitTestClient } from './git-test-client.js';
import { callerWith, type GitTestPlatform, tokens } from './git-test-platform.js';

let platform: GitTestPlatform;
let client: GitTestClient;

withGitTestBed((bed) => {
  ({ platform, client } = bed);
});

const over = (token: string, app = 'myapp') => `${platform.url.replace('http://', `http://x:${token}@`)}/git/${app}.git`;

/** Pushes the newest of three commits from a clone that has it alone. */
async function pushFromShallowClone(address: string): ReturnType<GitTestClient['run']> {
  for (const message of ['One', 'Two', 'Three']) await client.change(message);
  await client.run('clone', '--quiet', '--depth=1', `file://${client.folder}`, 'shallow');
  return client.run('-C', 'shallow', 'push', address, 'main');
}

describe('over HTTP', () => {
  it('whoever gives no token, a wrong one or one without rights learns nothing', async () => {
    const response = await fetch(`${platform.url}/git/myapp.git/info/refs?service=git-receive-pack`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic /);
    await client.change('One');
    expect((await client.run('push', over('molo_wrong'), 'main')).output).toContain('Authentication failed');
    expect((await client.run('push', over(tokens.nothing), 'main')).output).toContain('There is no app named myapp');
    expect((await client.run('push', over(tokens.member, 'other'), 'main')).output).toContain('There is no app named other');
  });

  it('a token that may only read fetches and does not push', async () => {
    await client.change('One');
    await client.run('push', over(tokens.deploy), 'main');
    expect((await client.run('ls-remote', over(tokens.read))).output).toContain('refs/heads/main');
    await client.change('Two');
    const { code, output } = await client.run('push', over(tokens.read), 'main');
    expect(code).not.toBe(0);
    expect(output).toContain('You may fetch myapp, but not push to it');
  });

  it('an app that is not there is answered with how to create it, a name that cannot be with why', async () => {
    await client.change('One');
    expect((await client.run('push', over(tokens.deploy, 'nosuch'), 'main')).output).toContain('There is no app named nosuch. Create it first: molo apps create nosuch');
    expect((await client.run('push', over(tokens.deploy, 'No%2e%2e'), 'main')).output).toContain('must be lower-case');
    expect((await fetch(`${platform.url}/git/..%2f..%2fetc.git/info/refs?service=git-upload-pack`, { headers: { authorization: `Basic ${btoa(`x:${tokens.deploy}`)}` } })).status).toBe(404);
  });

  it('clones what is live, in protocol 2 and 0, also from a gzipped request', async () => {
    const commit = await client.change('One');
    await client.run('push', over(tokens.deploy), 'main');
    for (const version of ['2', '0']) {
      const { code, output } = await client.run('-c', `protocol.version=${version}`, 'clone', over(tokens.read), `copy-${version}`);
      expect(code, output).toBe(0);
      expect(readFileSync(join(client.folder, `copy-${version}/index.js`), 'utf8')).toBe('// One\n');
    }
    const response = await fetch(`${platform.url}/git/myapp.git/git-upload-pack`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`x:${tokens.read}`)}`, 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip', 'git-protocol': 'version=2' },
      body: gzipSync('0014command=ls-refs\n0000'),
    });
    expect(await response.text()).toContain(`${commit} refs/heads/main`);
  });

  it('answers a body that is not git at once', async () => {
    for (const body of ['garbage', gzipSync('garbage').subarray(3)]) {
      const response = await fetch(`${platform.url}/git/myapp.git/git-receive-pack`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`x:${tokens.deploy}`)}`, 'content-type': 'application/x-git-receive-pack-request', ...(typeof body === 'string' ? {} : { 'content-encoding': 'gzip' }) },
        body,
      });
      expect([200, 422]).toContain(response.status);
    }
    expect((await fetch(`${platform.url}/git/myapp.git/git-receive-pack`, { method: 'POST', headers: { authorization: `Basic ${btoa(`x:${tokens.deploy}`)}` }, body: '{}' })).status).toBe(415);
  });

  it('tells whoever pushes from a shallow clone what to do', async () => {
    const { output, code } = await pushFromShallowClone(over(tokens.deploy));
    expect(code).not.toBe(0);
    expect(output).toContain('remote:  !     This clone is shallow');
    expect(output).toContain('git fetch --unshallow');
    expect(platform.deployments.all).toHaveLength(0);
  });

  it('takes from a fetch no more than git keeps in memory, however small it comes', async () => {
    const commit = await client.change('One');
    await client.run('push', over(tokens.deploy), 'main');
    const ask = async (haves: number) => {
      const body = gzipSync(`0032want ${commit}\n0000${`0032have ${'1'.repeat(40)}\n`.repeat(haves)}0000`);
      const headers = { authorization: `Basic ${btoa(`x:${tokens.read}`)}`, 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' };
      const response = await fetch(`${platform.url}/git/myapp.git/git-upload-pack`, { method: 'POST', headers, body });
      return [response.status, (await response.text()).slice(0, 7)];
    };
    expect(await ask(10)).toEqual([200, '0008NAK']);
    expect((await ask(400_000))[0]).toBe(413);
  });

  it('says that the database is away while it is', async () => {
    vi.spyOn(platform.app.get(AppsService), 'findByName').mockRejectedValueOnce(new Error('Connection terminated unexpectedly'));
    const response = await fetch(`${platform.url}/git/myapp.git/info/refs?service=git-upload-pack`, { headers: { authorization: `Basic ${btoa(`x:${tokens.read}`)}` } });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '1', 'The database does not answer. Try again in a moment; apps go on serving.\n']);
  });

  it('tells Git LFS that its objects are not kept', async () => {
    const response = await fetch(`${platform.url}/git/myapp.git/info/lfs/objects/batch`, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('content-type')]).toEqual([501, 'application/vnd.git-lfs+json; charset=utf-8']);
    expect(await response.json()).toEqual({ message: expect.stringContaining('git push --no-verify') });
  });

  it('takes 100 MB in a bounded memory, both the pack and the archive of it', async () => {
    for (let part = 0; part < 10; part++) client.write(`part-${part}`, randomBytes(10 * 1024 ** 2));
    // The client is not to spend its time on compressing: what is looked at is the server.
    await client.run('config', 'core.compression', '0');
    await client.run('config', 'core.bigFileThreshold', '1m');
    await client.commit('Large');
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    const { code, output } = await client.run('push', over(tokens.deploy), 'main');
    clearInterval(watch);
    expect(code, output).toBe(0);
    expect(most - before).toBeLessThan(90 * 1024 ** 2);
    const { sourceDigest, sourceBytes } = platform.deployments.last.push;
    expect(sourceBytes).toBeGreaterThan(100 * 1024 ** 2);
    const hash = createHash('sha256');
    for await (const chunk of await platform.blobs.open('myapp', sourceDigest)) hash.update(chunk as Buffer);
    expect(`sha256:${hash.digest('hex')}`).toBe(sourceDigest);
  }, 60_000);
});

describe('over SSH', () => {
  let key: string;
  const address = (app = 'myapp') => `ssh://git@127.0.0.1:${platform.config.sshPort}/${app}.git`;

  beforeEach(async () => {
    client.remove();
    key = join(platform.home, randomBytes(6).toString('hex'));
    client = new GitTestClient({ GIT_SSH_COMMAND: `ssh -F none -i ${key} -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=${key}.known -o StrictHostKeyChecking=accept-new -o BatchMode=yes -o ControlPath=none` });
    await client.init();
  });

  /** By way of git, which starts it in the client's environment. */
  function ssh(...args: string[]): ReturnType<GitTestClient['run']> {
    const options = `-F none -i ${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${key}.known -o StrictHostKeyChecking=accept-new -o BatchMode=yes`;
    return client.run('-c', `alias.x=!ssh ${options} -p ${platform.config.sshPort} git@127.0.0.1 ${args.join(' ')}`, 'x');
  }

  function makeKey(type: string, rights: Parameters<typeof callerWith>[1] | null): void {
    execFileSync('ssh-keygen', ['-q', '-t', type, ...(type === 'rsa' ? ['-b', '2048'] : []), '-N', '', '-f', key]);
    if (rights) platform.keys.set(readFileSync(`${key}.pub`, 'utf8').split(' ')[1] ?? '', callerWith('ada', rights));
  }

  it.each(['ed25519', 'ecdsa', 'rsa'])('a push with a key of type %s is deployed, and can be cloned', async (type) => {
    makeKey(type, ['read', 'deploy']);
    await client.change('One');
    const { code, output } = await client.run('push', address(), 'main');
    expect(code, output).toBe(0);
    expect(output).toContain('remote: -----> v1 is live');
    expect((await client.run('clone', address(), 'copy')).code).toBe(0);
  });

  it('a key that nobody has is refused', async () => {
    makeKey('ed25519', null);
    await client.change('One');
    const { code, output } = await client.run('push', address(), 'main');
    expect(code).not.toBe(0);
    expect(output).toContain('Permission denied (publickey)');
  });

  it('a key that was removed opens nothing more, not even on a connection that it opened', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    const shared = `-o ControlMaster=auto -o ControlPersist=20 -o ControlPath=${key}.control`;
    client.remove();
    client = new GitTestClient({ GIT_SSH_COMMAND: `ssh -F none -i ${key} -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=${key}.known -o StrictHostKeyChecking=accept-new -o BatchMode=yes ${shared}` });
    await client.init();
    await client.change('One');
    expect((await client.run('push', address(), 'main')).code).toBe(0);
    platform.keys.clear();
    const { code, output } = await client.run('ls-remote', address());
    expect(code).not.toBe(0);
    expect(output).toContain('This SSH key was removed');
    execFileSync('ssh', ['-O', 'exit', '-o', `ControlPath=${key}.control`, 'git@127.0.0.1'], { stdio: 'ignore' });
  });

  it('a push is refused whose pusher lost the right while it was on its way', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    await client.change('One');
    const [isAsked, mayGo] = [join(client.folder, 'asked'), join(client.folder, 'go')];
    // Git runs it once the server has let the push begin, and sends nothing before it has ended.
    writeFileSync(join(client.folder, '.git/hooks/pre-push'), `#!/bin/sh\ntouch ${isAsked}\nuntil [ -e ${mayGo} ]; do sleep 0.02; done\n`, { mode: 0o755 });
    const push = client.run('push', address(), 'main', 'main:other');
    await waitFor(() => existsSync(isAsked), { what: 'the push to begin' });
    for (const [blob, caller] of platform.keys) platform.keys.set(blob, { ...caller, rights: ['any', 'read'] });
    writeFileSync(mayGo, '');
    const { code, output } = await push;
    expect(code).not.toBe(0);
    expect(output).toContain('main -> main (you may not push here any more)');
    expect(output).toContain('main -> other (you may not push here any more)');
    expect(platform.deployments.all).toHaveLength(0);
  });

  it('says what is wrong in the words of HTTP: no such app, not allowed', async () => {
    makeKey('ed25519', ['read']);
    await client.change('One');
    expect((await client.run('push', address('nosuch'), 'main')).output).toContain('There is no app named nosuch. Create it first: molo apps create nosuch');
    expect((await client.run('push', address(), 'main')).output).toContain('You may fetch myapp, but not push to it');
  });

  it('tells whoever pushes from a shallow clone what to do', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    const { output, code } = await pushFromShallowClone(address());
    expect(code).not.toBe(0);
    expect(output).toContain('git fetch --unshallow');
  });

  it('says that the database is away while it is', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    vi.spyOn(platform.app.get(AppsService), 'findByName').mockRejectedValueOnce(new Error('Connection terminated unexpectedly'));
    expect((await client.run('ls-remote', address())).output).toContain('The database does not answer. Try again in a moment');
  });

  it('says so to whoever signs in meanwhile, known or not, and serves on the same connection once it is back', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    const away = vi.spyOn(platform.app.get(Authenticator), 'bySshKey').mockRejectedValue(new Error('Connection terminated unexpectedly'));
    for (const args of [['ls-remote', address()], ['clone', '-q', address(), 'copy']]) {
      const { output, code } = await client.run(...args);
      expect([code, output]).toEqual([128, expect.stringContaining('The database does not answer. Try again in a moment')]);
      expect(output).not.toContain('Permission denied');
    }
    expect((await ssh()).output).toContain('The database does not answer');
    // As it is when it comes back between sign-in and command; the client asks for the key and signs, which are two look-ups.
    away.mockRestore();
    vi.spyOn(platform.app.get(Authenticator), 'bySshKey').mockRejectedValueOnce(new Error('Connection terminated unexpectedly')).mockRejectedValueOnce(new Error('Connection terminated unexpectedly'));
    expect((await client.run('ls-remote', address())).code).toBe(0);
  });

  it('gives no shell, no other command and no forwarding', async () => {
    makeKey('ed25519', ['read', 'deploy']);
    expect((await ssh()).output).toContain('Hello ada. You are signed in to Molo; it gives no shell here.');
    const other = await ssh('cat', '/etc/passwd');
    expect(other.output).toContain('only git is spoken here');
    expect(other.code).toBe(128);
    expect((await ssh("git-upload-pack", "'/../../etc/passwd'")).output).toContain('There is no app named');
  });

  it('keeps its host key, readable by the owner alone', () => {
    expect(statSync(join(platform.home, 'control-plane/ssh_host_ed25519_key')).mode & 0o777).toBe(0o600);
  });
});
