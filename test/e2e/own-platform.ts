import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseSettings } from '../../infra/setup/settings.js';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');

/** What the person who runs the tests has set is about their platform, not about one of ours. */
const environmentOfTests = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOLO_') || name === 'MOLO_EXTRA_CA'));

/** A whole platform in a temporary home, started and stopped by the project's own commands. */
export interface OwnPlatform {
  /** As in its molo.env. */
  readonly settings: Readonly<Record<string, string>>;
  /** Stops everything, the apps too, and takes the home away. */
  end(): Promise<void>;
}

/** Starts one; platforms that run at the same time need names and network pools of their own. */
export async function startOwnPlatform(name: string, settings: Readonly<Record<string, string>>): Promise<OwnPlatform> {
  const home = await mkdtemp(join(tmpdir(), `molo-${name}-`));
  const env = { ...environmentOfTests, MOLO_HOME: home, MOLO_NODE_NAME: name, ...settings };
  const npm = (...args: string[]) => run('node', ['infra/bootstrap.mjs', ...args], { cwd: checkout, env, maxBuffer: 64 * 1024 * 1024 });
  try {
    await npm('start');
  } catch (error) {
    await npm('stop', '--all').catch(() => undefined);
    throw error;
  }
  const end = async () => {
    await npm('stop', '--all');
    await rm(home, { recursive: true, force: true });
  };
  return { settings: parseSettings(await readFile(join(home, 'molo.env'), 'utf8')), end };
}
