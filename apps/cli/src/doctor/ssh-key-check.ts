import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readPages } from '../pages.js';
import { type Finding, ok, problem } from './check.js';
import type { Platform } from './platform.js';
import { programOutput } from './program-output.js';

interface LocalKey {
  readonly fingerprint: string;
  /** Of its public half; undefined for one that only the agent has. */
  readonly file: string | undefined;
}

/** Whether a key that ssh would offer for this remote is one that the platform knows. */
export async function checkSshKey(platform: Platform, signal: AbortSignal, url: string): Promise<Finding> {
  const destination = destinationOf(url);
  if (destination === undefined) return problem(`${url} is not an address that ssh can go to`, 'molo apps info NAME shows the right one.');
  const settings = await programOutput(signal, 'ssh', '-G', ...destination);
  if (settings === undefined) return problem('ssh is not installed', 'apt install openssh-client');
  const local = [...(await keysOfAgent(signal)), ...(await keysInFiles(signal, settings.text))];
  if (local.length === 0) return problem('ssh has no key to offer', 'Make one and add it: ssh-keygen -t ed25519 && molo keys add');
  const known = await platform.ask((client) => readPages((query) => client.listSshKeys({ query }, { signal })));
  const registered = known.find(({ fingerprint }) => local.some((key) => key.fingerprint === fingerprint));
  if (registered) return ok(`the platform knows the SSH key ${registered.name} (${registered.fingerprint})`);
  const file = local.find((key) => key.file !== undefined)?.file;
  return problem(`the platform knows no SSH key of this machine (${local.map(({ fingerprint }) => fingerprint).join(', ')})`, file === undefined ? 'ssh-add -L | head -1 | molo keys add -' : `molo keys add ${file}`);
}

/** Of `ssh://git@host:2222/app.git` and `git@host:app.git`. */
function destinationOf(url: string): string[] | undefined {
  const [, user, host, port] = /^ssh:\/\/([\w.-]+)@([\w.-]+|\[[\da-f:]+\])(?::(\d+))?\//i.exec(url) ?? /^([\w.-]+)@([\w.-]+):/.exec(url) ?? [];
  if (user === undefined || host === undefined || user.startsWith('-')) return undefined;
  return [...(port === undefined ? [] : ['-p', port]), `${user}@${host.replace(/^\[|\]$/g, '')}`];
}

async function keysOfAgent(signal: AbortSignal): Promise<LocalKey[]> {
  const told = await programOutput(signal, 'ssh-add', '-l', '-E', 'sha256');
  return told?.code === 0 ? fingerprintsIn(told.text).map((fingerprint) => ({ fingerprint, file: undefined })) : [];
}

async function keysInFiles(signal: AbortSignal, settings: string): Promise<LocalKey[]> {
  const named = [...settings.matchAll(/^identityfile (.+)$/gm)].map(([, path]) => `${(path ?? '').replace(/^~(?=\/)/, homedir())}.pub`);
  const files = named.map((path) => (path.startsWith('/') ? path : join(homedir(), path))).filter((path) => existsSync(path));
  const keys = await Promise.all(
    files.map(async (file) => {
      const told = await programOutput(signal, 'ssh-keygen', '-l', '-E', 'sha256', '-f', file);
      return fingerprintsIn(told?.text ?? '').map((fingerprint) => ({ fingerprint, file }));
    }),
  );
  return keys.flat();
}

function fingerprintsIn(text: string): string[] {
  return text.match(/\bSHA256:[\w+/]+/g) ?? [];
}
