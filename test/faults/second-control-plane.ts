import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { freePort } from '../../infra/bench/free-port.js';
import { checkout, setting } from '../e2e/platform.js';

export interface SecondControlPlane extends AsyncDisposable {
  readonly url: string;
}

/** Another control plane on the stores of the first: it carries on what that one leaves. Agents and pushers know only the first. */
export async function startSecondControlPlane(firstPid: number): Promise<SecondControlPlane> {
  const home = await mkdtemp(join(tmpdir(), 'molo-second-'));
  for (const folder of ['secrets', 'ca', 'tls']) await cp(join(setting('MOLO_HOME'), folder), join(home, folder), { recursive: true });
  await symlink(join(setting('MOLO_HOME'), 'git'), join(home, 'git'));
  const port = await freePort();
  const env = { ...(await environmentOf(firstPid)), MOLO_HOME: home, HOME: home, MOLO_API_PORT: String(port), MOLO_SSH_PORT: '0', MOLO_NODE_TOKEN_FILE: '', MOLO_MASTER_KEY_FILE: '' };
  const program = spawn(process.execPath, ['apps/control-plane/dist/main.js'], { cwd: checkout, env, stdio: 'ignore' });
  const ended = new Promise((resolve) => program.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  await waitFor(async () => (await fetch(`${url}/api/v1/status`).catch(() => undefined))?.ok, { timeoutMs: 30_000, what: 'the second control plane to answer' });
  const end = async () => {
    program.kill('SIGTERM');
    await ended;
    await rm(home, { recursive: true, force: true });
  };
  return { url, [Symbol.asyncDispose]: end };
}

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const lines = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
