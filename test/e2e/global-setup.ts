import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');

declare module 'vitest' {
  export interface ProvidedContext {
    /** The settings of the platform under test, as in its molo.env. */
    moloSettings: Record<string, string>;
  }
}

/** One whole platform for all end-to-end specs, in a home of its own, started and stopped by the project's own commands. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'molo-e2e-'));
  // What the person who runs the tests has set is about their platform, not about this one.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOLO_') || name === 'MOLO_EXTRA_CA'));
  const environment = { ...own, MOLO_HOME: home, MOLO_NODE_NAME: 'e2e', MOLO_NETWORK_POOL: '10.214.0.0/16' };
  const npm = (...args: string[]) => run('node', ['infra/bootstrap.mjs', ...args], { cwd: checkout, env: environment, maxBuffer: 64 * 1024 * 1024 });
  try {
    await npm('start');
  } catch (error) {
    await npm('stop', '--all').catch(() => undefined);
    throw error;
  }
  project.provide('moloSettings', await readSettings(join(home, 'molo.env')));
  return async () => {
    await npm('stop', '--all');
    await rm(home, { recursive: true, force: true });
  };
}

async function readSettings(file: string): Promise<Record<string, string>> {
  const lines = (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
    const match = /^(\w+)=('?)(.*)\2$/.exec(line);
    return match ? [[match[1]!, match[3]!] as const] : [];
  });
  return Object.fromEntries(lines);
}
