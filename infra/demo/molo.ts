import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { App, Deployment, Release, Token } from '@molo/contracts';
import { checkout, childEnvironment, moloHome } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';

const run = promisify(execFile);
const notFound = 3;

/** Runs the CLI as its owner on this machine would, over the local socket, and reads its JSON. */
async function molo<T>(...args: string[]): Promise<T> {
  try {
    const { stdout } = await run(join(checkout, 'bin/molo'), [...args, '--json'], {
      env: childEnvironment({ MOLO_HOME: moloHome, MOLO_URL: undefined, MOLO_TOKEN: undefined }),
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout) as T;
  } catch (error) {
    throw new StepFailed(`molo ${args.join(' ')}: ${saidBy(error)}`, { advice: 'See what the platform says with: npm run status, and the logs under $MOLO_HOME/log.', cause: error });
  }
}

function saidBy(error: unknown): string {
  const { stderr, stdout } = error as { stderr?: string; stdout?: string };
  return stderr?.trim() || stdout?.trim() || String(error);
}

export async function ensureApp(name: string): Promise<App> {
  try {
    return await molo<App>('apps', 'info', name);
  } catch (error) {
    const cause = error instanceof StepFailed ? (error.cause as { code?: number } | undefined) : undefined;
    if (cause?.code !== notFound) throw error;
    return await molo<App>('apps', 'create', name, '--no-remote');
  }
}

/** Valid for a day. */
export function createToken(name: string, rights: readonly string[] = ['read', 'deploy']): Promise<Token & { token: string }> {
  return molo('tokens', 'create', name, '--expires', '1', '--rights', ...rights);
}

export function revokeToken(id: string): Promise<unknown> {
  return molo('tokens', 'revoke', id, '--yes');
}

export function addKey(publicKeyFile: string, name: string): Promise<unknown> {
  return molo('keys', 'add', publicKeyFile, '--name', name);
}

/** Follows the deployment to its end. */
export function rollBack(app: string, release: number): Promise<unknown> {
  return molo('rollback', `v${release}`, '--app', app);
}

export async function newestDeployment(app: string): Promise<Deployment | undefined> {
  return (await molo<Deployment[]>('deployments', '--app', app, '--limit', '1'))[0];
}

export function release(app: string, number: number): Promise<Release> {
  return molo('releases', 'info', `v${number}`, '--app', app);
}
