import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment, Release } from '@molo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, molo, moloJson, setting, WorkingCopy } from './platform.js';
import { ProcessWatch } from './process-watch.js';

const fresh = () => randomBytes(18).toString('base64url');
/** What people give to the platform, or get from it. */
const secrets = new Map([
  ['a config secret', fresh()],
  ['a secret of the build', fresh()],
]);
const known = (name: string): string => secrets.get(name) ?? '';

/** The build is handed its secret, shows that it has it, and writes it into its own log. */
const files = {
  'package.json': JSON.stringify({ name: 'secretive', version: '1.0.0', engines: { node: '24' }, scripts: { build: 'node build.js', start: 'node server.js' } }),
  'build.js': "console.log('the build has', process.env.BUILD_KEY.length, 'characters:', process.env.BUILD_KEY);",
  'server.js': "require('http').createServer((_, response) => response.end(String(process.env.API_KEY.length))).listen(process.env.PORT);",
  'molo.yml': 'build:\n  secrets: [BUILD_KEY]\n',
};

describe('a secret, over a whole run of the platform', () => {
  let copy: WorkingCopy;
  let pushed: string;
  let release: Release;
  let processes: ProcessWatch;
  const home = () => setting('MOLO_HOME');

  beforeAll(async () => {
    processes = new ProcessWatch();
    copy = await WorkingCopy.of('secretive');
    secrets.set('the token of a pusher', copy.secret);
    for (const name of ['master.key', 'node.token', 'postgres.password', 'redis.password']) secrets.set(name, (await readFile(join(home(), 'secrets', name), 'utf8')).trim());
    const link = await readFile(join(home(), 'control-plane/claim-link'), 'utf8').catch(() => '');
    if (link !== '') secrets.set('the claim link', new URL(link.trim()).searchParams.get('token') ?? '');
    for (const [key, name] of [['API_KEY', 'a config secret'], ['BUILD_KEY', 'a secret of the build']] as const) await moloJson('config', 'set', `${key}=${known(name)}`, '--secret', '--app', 'secretive');
    for (const [path, text] of Object.entries(files)) await copy.write(path, text);
    await copy.makeUnique();
    await copy.commit('One');
    const { code, stdout, stderr } = await copy.push();
    pushed = stdout + stderr;
    if (code !== 0) throw new Error(pushed);
    await moloJson('config', 'set', `API_KEY=${known('a config secret')}`, 'OTHER=1', '--secret', '--app', 'secretive');
    [release] = (await moloJson<Release[]>('releases', '--app', 'secretive')) as [Release];
    processes.stop();
  });

  afterAll(async () => {
    processes.stop();
    await copy[Symbol.asyncDispose]();
  });

  it('is in nothing that a pusher or a reader of logs is told', async () => {
    expect(pushed).toContain('the build has 24 characters: [hidden]');
    const deployments = await moloJson<Deployment[]>('deployments', '--app', 'secretive');
    const logs = await Promise.all(deployments.map(async ({ id }) => (await molo('logs', '--deployment', id)).stdout));
    expect(found(pushed + logs.join('\n') + JSON.stringify(deployments))).toEqual([]);
  });

  it('is in no layer of the image, nor in its history or its config', async () => {
    const inspected = await command('docker', ['image', 'inspect', release.image.reference]);
    const history = await command('docker', ['history', '--no-trunc', release.image.reference]);
    expect(history.stdout).toContain('COPY');
    expect(found(inspected.stdout + history.stdout)).toEqual([]);
    const folder = join(home(), 'saved-image');
    const saved = await command('sh', ['-c', `mkdir -p "$1" && docker save "$2" | tar -x -C "$1"`, 'sh', folder, release.image.reference]);
    expect(saved).toMatchObject({ code: 0 });
    expect(await filesWith('the build has', folder)).not.toEqual([]);
    for (const [name, value] of secrets) expect([name, await filesWith(value, folder)]).toEqual([name, []]);
  });

  it('is in no log of a program of the platform, and in no file but those that are there to hold it', async () => {
    for (const [name, value] of secrets) {
      const holders = await filesWith(value, home());
      expect([name, holders.filter((file) => !mayHold.some((holder) => holder.test(file)))]).toEqual([name, []]);
    }
    expect(await filesWith('secretive', join(home(), 'log'))).not.toEqual([]);
  });

  it('is in no row of the database', async () => {
    const program = (await readdir('/usr/lib/postgresql')).map((version) => `/usr/lib/postgresql/${version}/bin/pg_dump`).at(-1) ?? '';
    const dump = await command(program, ['--data-only', '--inserts'], { env: databaseEnvironment(setting('MOLO_DATABASE_URL')) });
    expect(dump.code, dump.stderr).toBe(0);
    expect(dump.stdout).toContain('secretive');
    expect(found(dump.stdout)).toEqual([]);
  });

  it('is in the command line of no process, and in the surroundings of none that was not given it', () => {
    expect(processes.commandLines).toMatch(/receive-pack/);
    expect(found(processes.commandLines)).toEqual([]);
    const ofPeople = ['a config secret', 'a secret of the build', 'the token of a pusher', 'the claim link', 'master.key', 'node.token'];
    expect(found(processes.environments).filter((name) => ofPeople.includes(name))).toEqual([]);
  });
});

/** The settings hold the addresses of the private stores, passwords included; those are for root and the platform's user. */
const mayHold = [/\/secrets\/[\w.]+$/, /\/molo\.env$/, /\/services\/\w+\/(redis\.conf|users\.acl|config\.yml)$/, /\/control-plane\/claim-link$/, /\/saved-image\//];

function found(text: string): string[] {
  return [...secrets].filter(([, value]) => value.length < 8 || formsOf(value).some((form) => text.includes(form))).map(([name]) => name);
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [value, encodeURIComponent(value), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
}

/** Files below a folder that hold a text, whatever else is in them. */
async function filesWith(text: string, folder: string): Promise<string[]> {
  const { code, stdout, stderr } = await command('grep', ['-rlaF', '--devices=skip', '--', text, folder]);
  // 2: a file went away meanwhile.
  if (code > 1 && !/No such file/.test(stderr)) throw new Error(stderr);
  return stdout.split('\n').filter(Boolean);
}

function databaseEnvironment(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: decodeURIComponent(password), PGDATABASE: pathname.slice(1) };
}
