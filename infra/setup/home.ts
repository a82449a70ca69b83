import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, moloHome } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { output, succeeds } from '../terminal/run.ts';
import { makeFolder, writeAtomically, type Owner } from './files.ts';
import type { Secrets } from './settings.ts';

export const serviceUser = 'molo';

/** The user that runs what needs no root: made for it where we are root, else whoever we are (undefined). */
export async function ensureServiceUser(): Promise<Owner | undefined> {
  if (!isRoot) return undefined;
  if (!(await succeeds('id', ['-u', serviceUser]))) {
    await output('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', moloHome, '--shell', '/usr/sbin/nologin', serviceUser]);
  }
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number(await output('id', [flag, serviceUser]))));
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

/** As long as a path to a unix socket may be in Linux, without its end. */
const socketPathBytes = 107;
const longestSocket = 'run/postgres/.s.PGSQL.65535';

/** Every program that is kept reads paths under it, each by rules of its own. */
export function checkHome(): void {
  const advice = 'Name another folder: MOLO_HOME=/path npm start';
  if (!/^\/[\w@%+=:,./-]*$/.test(moloHome)) throw new StepFailed(`MOLO_HOME=${moloHome} is not an absolute path of plain letters, digits and signs such as - and _`, { advice });
  if (join(moloHome, longestSocket).length > socketPathBytes) throw new StepFailed(`MOLO_HOME=${moloHome} is too long for the sockets in it`, { advice });
}

/** Folders by who owns them; the service user's are closed to everybody else. */
const rootFolders = { '': 0o755, ca: 0o755, tls: 0o755, services: 0o755, ingress: 0o755, agent: 0o700, log: 0o755, 'log/setup': 0o755, 'run/pids': 0o755 };
const userFolders = { secrets: 0o700, postgres: 0o700, redis: 0o700, registry: 0o700, git: 0o750, 'control-plane': 0o700, run: 0o755, 'run/postgres': 0o750, 'run/redis': 0o750 };

export async function makeHome(owner: Owner | undefined): Promise<void> {
  try {
    for (const [path, mode] of Object.entries(userFolders)) makeFolder(join(moloHome, path), { mode, owner });
    for (const [path, mode] of Object.entries(rootFolders)) makeFolder(join(moloHome, path), { mode });
  } catch (error) {
    throw new StepFailed(`${moloHome} cannot be made: ${String(error)}`, { advice: 'Let it be written to, or name another folder: MOLO_HOME=/path npm start', cause: error });
  }
  if (owner && !(await succeeds('chpst', ['-u', serviceUser, 'test', '-x', join(moloHome, 'run')]))) {
    throw new StepFailed(`the system user ${serviceUser} cannot enter ${moloHome}`, { advice: 'Choose a MOLO_HOME whose parent folders everybody may enter, such as /var/lib/molo.' });
  }
}

/** Makes each secret once; they are never changed here. */
export function makeSecrets(owner: Owner | undefined): Secrets {
  secret('master.key', owner);
  secret('node.token', owner);
  return { postgresPassword: secret('postgres.password', owner), redisPassword: secret('redis.password', owner), registrySecret: secret('registry.secret', owner) };
}

function secret(name: string, owner: Owner | undefined): string {
  const path = join(moloHome, 'secrets', name);
  if (!existsSync(path)) writeAtomically(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, owner });
  return readFileSync(path, 'utf8').trim();
}
