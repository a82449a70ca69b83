import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { waitFor } from '@molo/testkit';
import ssh2, { type Client } from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withGitTestBed } from './git-test-bed.js';
import type { GitTestClient } from './git-test-client.js';
import { callerWith, type GitTestPlatform, tokens } from './git-test-platform.js';
import { flush, packet } from './pkt-line.js';

let platform: GitTestPlatform;
let client: GitTestClient;
let remote: string;
/** What is live before a stranger comes: it is to be there afterwards. */
let commit: string;

withGitTestBed((bed) => {
  ({ platform, client, remote } = bed);
});

beforeEach(async () => {
  commit = await client.change('One');
  await client.run('push', remote, 'main');
});

/** Nothing that was asked for here stays: no program, no file of a push that came to nothing, no ref; and others are served. */
afterEach(async () => {
  await waitFor(() => gitPrograms().length === 0, { what: `git to end (${gitPrograms().join('; ')})` });
  const objects = readdirSync(join(platform.repositories.pathOf('myapp'), 'objects'), { recursive: true, encoding: 'utf8' });
  expect(objects.filter((name) => /tmp_|incoming/.test(name))).toEqual([]);
  expect((await client.run('ls-remote', remote, 'refs/heads/main')).output).toContain(commit);
});

/** Git programs below this process. */
function gitPrograms(): string[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap(statOf);
  const ours = new Set([process.pid]);
  for (let before = 0; before < ours.size; ) {
    before = ours.size;
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
  }
  return all.filter(({ pid, name }) => ours.has(pid) && /^(git|proc-receive)/.test(name)).map(({ pid, name }) => `${pid} ${name}`);
}

function statOf(pid: string): { pid: number; name: string; parent: number }[] {
  try {
    const [, name = '', parent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return [{ pid: Number(pid), name, parent: Number(parent) }];
  } catch {
    return []; // it ended meanwhile
  }
}

const zeros = '0'.repeat(40);
const update = (ref: string | Buffer, newId = commit, oldId = zeros) => packet(Buffer.concat([Buffer.from(`${oldId} ${newId} `), Buffer.from(ref), Buffer.from('\0report-status side-band-64k atomic push-options')]));
const withSum = (pack: Buffer) => Buffer.concat([pack, createHash('sha1').update(pack).digest()]);
const packHeader = (objects: number) => Buffer.concat([Buffer.from('PACK'), Buffer.of(0, 0, 0, 2), Buffer.of(objects >>> 24, (objects >>> 16) & 255, (objects >>> 8) & 255, objects & 255)]);
const emptyPack = withSum(packHeader(0));

function pushOf(ref: string | Buffer, pack: Buffer = emptyPack): Buffer {
  return Buffer.concat([update(ref), flush, flush, pack]);
}

async function post(service: string, body: Buffer | Readable, more: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Basic ${btoa(`x:${tokens.deploy}`)}`, 'content-type': `application/x-git-${service}-request`, ...more };
  const answer = await fetch(`${platform.url}/git/myapp.git/git-${service}`, { method: 'POST', headers, body: body instanceof Readable ? Readable.toWeb(body) : new Uint8Array(body), duplex: 'half' });
  return { status: answer.status, text: await answer.text() };
}

/** The pack that a real client would send of a commit that is new. */
async function realPack(): Promise<Buffer> {
  await client.change('Two');
  const ids = (await client.run('rev-list', '--objects', 'HEAD')).output.split('\n').map((line) => line.split(' ')[0]).join('\n');
  return execFileSync('git', ['-C', client.folder, 'pack-objects', '--stdout', '-q'], { input: ids });
}

const damages: [string, (pack: Buffer) => Buffer][] = [
  ['whose checksum is not its own', (pack) => Buffer.concat([pack.subarray(0, -1), Buffer.of(pack.at(-1)! ^ 1)])],
  ['with a byte changed in it', (pack) => Buffer.concat([pack.subarray(0, 20), Buffer.of(pack[20]! ^ 0x55), pack.subarray(21)])],
  ['that is cut off', (pack) => pack.subarray(0, -30)],
  ['that claims four billion objects', () => withSum(packHeader(0xff_ff_ff_ff))],
  ['with an object of no kind', () => withSum(Buffer.concat([packHeader(1), Buffer.of(0x00)]))],
  ['with an object of a size that never ends', () => withSum(Buffer.concat([packHeader(1), Buffer.alloc(40, 0xff)]))],
  ['with a delta of what is not there', () => withSum(Buffer.concat([packHeader(1), Buffer.of(0x7f), randomBytes(20), gzipSync('x').subarray(10)]))],
  ['without the objects that it is of', () => emptyPack],
];

describe('a push over HTTP', () => {
  it.each(damages)('of a pack %s is refused, and nothing of it is kept', async (_, damage) => {
    const pack = damage(await realPack());
    const next = (await client.run('rev-parse', 'HEAD')).output.trim();
    const { status, text } = await post('receive-pack', Buffer.concat([update('refs/heads/feature', next), flush, flush, pack]));
    expect(status).toBe(200);
    expect(text).toMatch(/ng refs\/heads\/feature|unpack (?!ok)/);
    expect((await client.run('ls-remote', remote, 'refs/heads/feature')).output).toBe('');
  });

  it.each<[string, () => Buffer, Record<string, string>]>([
    ['a gzip that is cut off', () => gzipSync(pushOf('refs/heads/x')).subarray(0, -12), { 'content-encoding': 'gzip' }],
    ['a gzip whose checksum is not its own', () => Buffer.concat([gzipSync(pushOf('refs/heads/x')).subarray(0, -8), Buffer.alloc(8)]), { 'content-encoding': 'gzip' }],
    ['a gzip that is none', () => pushOf('refs/heads/x'), { 'content-encoding': 'gzip' }],
    ['nothing', () => Buffer.alloc(0), {}],
    ['a line that is cut off', () => update('refs/heads/x').subarray(0, 30), {}],
    ['a length that is no number', () => Buffer.from('zzzz'), {}],
    ['a length without a line', () => Buffer.from('fff0'), {}],
    ['an update without ids', () => Buffer.concat([packet('refs/heads/x'), flush]), {}],
    ['noise', () => randomBytes(10_000), {}],
  ])('of %s is answered, with no failure of ours', async (_, body, headers) => {
    const { status } = await post('receive-pack', body(), headers);
    expect([200, 422]).toContain(status);
  });

  it.each(['refs/heads/a b', 'refs/heads/../../../../etc/cron.d/x', 'refs/heads/\u001b]0;title\u0007', 'refs/heads/a\nb', 'refs/heads/--exec=x', 'HEAD', 'main', '', 'refs/heads/.lock', 'refs/heads/x.lock', 'refs/heads/HEAD', `refs/heads/${'a/'.repeat(2000)}a`, `refs/heads/${'b'.repeat(300)}`])('of the ref %j takes it under that name, or refuses it', async (ref) => {
    expect([200, 422]).toContain((await post('receive-pack', pushOf(ref))).status);
    const stored = (await client.run('ls-remote', remote)).output.trim().split('\n').map((line) => line.split('\t')[1]);
    const taken = spawnSync('git', ['check-ref-format', ref]).status === 0;
    expect([['HEAD', 'refs/heads/main'], ...(taken ? [['HEAD', ref, 'refs/heads/main']] : [])]).toContainEqual(stored);
  });

  it('of names that are no UTF-8 repeats them byte by byte', async () => {
    const { text } = await post('receive-pack', pushOf(Buffer.from('refs/heads/caf\u00e9', 'latin1')));
    expect(text).toContain('ok refs/heads/caf');
  });

  it('of thousands of refs is taken whole', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => (index === 0 ? update('refs/tags/t0') : packet(`${zeros} ${commit} refs/tags/t${index}`)));
    const { status } = await post('receive-pack', Buffer.concat([...lines, flush, flush, emptyPack]));
    expect(status).toBe(200);
    expect((await client.run('ls-remote', remote, 'refs/tags/*')).output.split('\n').length).toBe(3001);
  }, 60_000);

  it.each([
    ['refs without end', () => [update('refs/heads/x')], () => packet(`${zeros} ${commit} refs/heads/${randomBytes(20).toString('hex')}`)],
    ['options without end', () => [update('refs/heads/x'), flush], () => packet('x'.repeat(60_000))],
  ])('of %s is refused at a limit', async (_, first, line) => {
    const pieces = (function* () {
      yield* first();
      for (let sent = 0; sent < 40e6; sent += 60_000) yield Buffer.concat(Array.from({ length: 60_000 / line().length + 1 }, line));
    })();
    const answer = await post('receive-pack', Readable.from(pieces)).catch((error: Error) => error);
    // Whoever still sends when the connection ends may not see the answer.
    if (!(answer instanceof Error)) expect(answer).toEqual({ status: 413, text: expect.stringContaining('Push or fetch fewer refs at once') as string });
    expect((await client.run('ls-remote', remote)).output.split('\n').length).toBeLessThan(5);
  });

  it('that breaks off in its body leaves nothing', async () => {
    const { hostname, port } = new URL(platform.url);
    const socket = connect(Number(port), hostname);
    const body = pushOf('refs/heads/x', await realPack());
    socket.write(`POST /git/myapp.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(`x:${tokens.deploy}`)}\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: ${body.length + 1000}\r\n\r\n`);
    socket.write(body.subarray(0, -40));
    await waitFor(() => gitPrograms().length > 0, { what: 'git to begin' });
    socket.destroy();
  });
});

describe('a fetch over HTTP', () => {
  it.each<[string, () => Buffer, Record<string, string>]>([
    ['an object that is not there', () => Buffer.concat([packet(`want ${'1'.repeat(40)}\n`), flush, packet('done\n')]), {}],
    ['an id that is none', () => Buffer.concat([packet('want ../../HEAD\n'), flush]), {}],
    ['a command that is none', () => Buffer.concat([packet('command=evil\n'), flush]), { 'git-protocol': 'version=2' }],
    ['a filter that is none', () => Buffer.concat([packet('command=fetch'), Buffer.from('0001'), packet('filter sparse:path=/etc/passwd'), packet(`want ${commit}`), packet('done'), flush]), { 'git-protocol': 'version=2' }],
    ['a depth that is no number', () => Buffer.concat([packet(`want ${commit}\n`), packet('deepen -1\n'), flush]), {}],
    ['a version that is none', () => Buffer.concat([packet('command=ls-refs\n'), flush]), { 'git-protocol': 'version=2:evil=$(id)' }],
    ['noise', () => randomBytes(10_000), { 'git-protocol': 'version=2' }],
    ['a gzip that unpacks to much more', () => gzipSync(Buffer.alloc(200e6, '0')), { 'content-encoding': 'gzip' }],
  ])('of %s is answered, with no failure of ours', async (_, body, headers) => {
    expect([200, 413, 422]).toContain((await post('upload-pack', body(), headers)).status);
  });
});

describe('over SSH', () => {
  let connection: Client;

  beforeEach(async () => {
    const key = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
    platform.keys.set(key.public.split(' ')[1] ?? '', callerWith('ada', ['read', 'deploy']));
    connection = new ssh2.Client();
    connection.on('error', () => undefined).connect({ host: '127.0.0.1', port: platform.config.sshPort, username: 'git', privateKey: key.private });
    await once(connection, 'ready');
    return () => connection.end();
  });

  async function say(command: string, input: Buffer | Readable): Promise<{ code: number | null; said: string; complaint: string }> {
    return await new Promise((resolve, reject) => {
      connection.exec(command, (error, channel) => {
        if (error) return reject(error);
        let [said, complaint] = ['', ''];
        channel.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
        channel.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
        channel.on('error', () => undefined).on('close', (code: number | null) => resolve({ code, said, complaint }));
        if (input instanceof Readable) input.pipe(channel);
        else channel.end(input);
      });
    });
  }

  it.each(damages)('a push of a pack %s is refused, and nothing of it is kept', async (_, damage) => {
    const pack = damage(await realPack());
    const next = (await client.run('rev-parse', 'HEAD')).output.trim();
    const { said } = await say("git-receive-pack '/myapp.git'", Buffer.concat([update('refs/heads/feature', next), flush, flush, pack]));
    expect(said).toMatch(/ng refs\/heads\/feature|unpack (?!ok)/);
  });

  it.each(['git-receive-pack', 'git-upload-pack'])('%s ends with an error on what is no git', async (program) => {
    for (const input of [randomBytes(10_000), Buffer.from('zzzz'), Buffer.from('00ff')]) expect((await say(`${program} '/myapp.git'`, input)).code).not.toBe(0);
  });

  it.each([
    ['git-receive-pack', 'refs', () => packet(`${zeros} ${commit} refs/heads/${randomBytes(20).toString('hex')}`)],
    ['git-upload-pack', 'wishes', () => packet(`want ${commit}\n`)],
  ])('%s takes no %s without end', async (program, _, line) => {
    const endless = Readable.from((function* () {
      for (;;) yield Buffer.concat(Array.from({ length: 1000 }, line));
    })());
    const { code, complaint } = await say(`${program} '/myapp.git'`, endless);
    endless.destroy();
    expect([code, complaint]).toEqual([128, expect.stringContaining('Push or fetch fewer refs at once')]);
  });
});
