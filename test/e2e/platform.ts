import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject, vi } from 'vitest';
import './global-setup.js';

const run = promisify(execFile);
export const checkout = join(import.meta.dirname, '../..');
export const fixtures = join(checkout, 'test/fixtures');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let chosen: Readonly<Record<string, string>> | undefined;

/** From here on all in this module is about the platform with these settings and its engine, not about the one that all specs share. */
export function choosePlatform(settings: Readonly<Record<string, string>>): void {
  chosen = settings;
  const socket = settings['MOLO_DOCKER_SOCKET'];
  if (socket) vi.stubEnv('DOCKER_HOST', `unix://${socket}`);
}

export function setting(name: string): string {
  const value = (chosen ?? inject('moloSettings'))[name];
  if (value === undefined) throw new Error(`The platform has no setting ${name}`);
  return value;
}

const clean = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOLO_') && !name.startsWith('GIT_')));

/** Runs a program to its end, whatever its exit code. */
export async function command(program: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<Outcome> {
  try {
    const { stdout, stderr } = await run(program, args, { cwd: options.cwd ?? checkout, env: { ...clean(), ...options.env }, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : 1, stdout: stdout ?? '', stderr: stderr ?? String(error) };
  }
}

/** `molo` as the owner of the machine. */
export async function molo(...args: string[]): Promise<Outcome> {
  return command(join(checkout, 'bin/molo'), args, { env: { MOLO_HOME: setting('MOLO_HOME') } });
}

/** `molo … --json`, which must succeed. */
export async function moloJson<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await molo(...args, '--json');
  if (code !== 0) throw new Error(`molo ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Asks an app as its visitors do, through the ingress. */
export async function visit(app: string, path = '/', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: setting('MOLO_HTTP_PORT'), path, headers: { ...headers, host: `${app}.localhost` }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', reject);
    });
    asked.setTimeout(20_000, () => asked.destroy(new Error('no answer in 20 s')));
    asked.on('error', reject);
    asked.end();
  });
}

/** A developer's working copy with a remote `molo`, over HTTP with a token or over SSH with a key. */
export class WorkingCopy implements AsyncDisposable {
  private constructor(
    readonly app: string,
    readonly folder: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** The token that it pushes with; empty over SSH. */
  get secret(): string {
    return this.environment['E2E_TOKEN'] ?? '';
  }

  /** Creates the app as well. */
  static async of(app: string, transport: 'http' | 'ssh' = 'http'): Promise<WorkingCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'molo-work-'));
    const { gitHttpUrl, gitSshUrl } = await moloJson<{ gitHttpUrl: string; gitSshUrl: string }>('apps', 'create', app, '--no-remote');
    const environment = { ...identity, ...(transport === 'http' ? await tokenAccess(folder) : await keyAccess(folder)) };
    const copy = new WorkingCopy(app, join(folder, 'work'), environment);
    await command('git', ['init', '--quiet', '--initial-branch=main', copy.folder], { env: environment });
    await copy.git('remote', 'add', 'molo', transport === 'http' ? gitHttpUrl : gitSshUrl);
    return copy;
  }

  async git(...args: string[]): Promise<Outcome> {
    return command('git', ['-C', this.folder, ...args], { env: this.environment });
  }

  /** Makes the tree what a fixture is, and commits it. */
  async commitFixture(fixture: string, message = fixture): Promise<void> {
    await this.git('rm', '-rfq', '--ignore-unmatch', '.');
    await cp(join(fixtures, fixture), this.folder, { recursive: true });
    await this.commit(message);
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(join(this.folder, path), text);
  }

  async read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  /** So that its tree was never built before: a step that the engine has in its cache writes no log. */
  async makeUnique(): Promise<void> {
    await this.write('never-built-before', randomUUID());
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '--all');
    const { code, stdout } = await this.git('commit', '--quiet', '--allow-empty', '--message', message);
    if (code !== 0) throw new Error(`git commit: ${stdout}`);
  }

  async push(...args: string[]): Promise<Outcome> {
    return this.git('push', 'molo', ...(args.length > 0 ? args : ['main']));
  }

  /** A push that the platform has begun to answer with the build, and that is left running. */
  async untilPushStarts(): Promise<ChildProcess> {
    const push = spawn('git', ['-C', this.folder, 'push', 'molo', 'main'], { env: { ...clean(), ...this.environment }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      push.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.includes('----->')) resolve();
      });
      push.once('exit', () => reject(new Error(`the push ended before a build: ${said}`)));
    });
    return push;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await molo('apps', 'delete', this.app, '--yes');
    await rm(join(this.folder, '..'), { recursive: true, force: true });
  }
}

const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

async function tokenAccess(folder: string): Promise<Record<string, string>> {
  const { token } = await moloJson<{ token: string }>('tokens', 'create', 'e2e', '--expires', '1');
  const askpass = join(folder, 'askpass');
  await writeFile(askpass, '#!/bin/sh\ncase $1 in Username*) echo molo ;; *) echo "$E2E_TOKEN" ;; esac\n');
  await chmod(askpass, 0o700);
  return { GIT_ASKPASS: askpass, E2E_TOKEN: token };
}

async function keyAccess(folder: string): Promise<Record<string, string>> {
  const key = join(folder, 'key');
  await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await moloJson('keys', 'add', `${key}.pub`, '--name', 'e2e');
  return { GIT_SSH_COMMAND: `ssh -i ${key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=${join(folder, 'known_hosts')}` };
}
