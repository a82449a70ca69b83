import { readFile } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { AppError, type SshKey } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm, readInput } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { line } from '../terminal/piece.js';

/** In the order in which they are looked for where no file is named. */
const usualFiles = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'];

export async function listKeys(cli: Cli): Promise<void> {
  const client = await cli.client();
  const keys = await readPages((query) => client.listSshKeys({ query }));
  if (cli.isJson) return cli.terminal.json(keys);
  if (keys.length === 0) return cli.terminal.note(line`There are no SSH keys. Add yours with: molo keys add`);
  cli.terminal.table(keys, [
    { title: 'ID', value: (key) => key.id },
    { title: 'TYPE', value: (key) => key.type },
    { title: 'FINGERPRINT', value: (key) => key.fingerprint },
    { title: 'ADDED', value: (key) => ago(key.createdAt) },
    { title: 'NAME', value: (key) => key.name },
  ]);
}

interface AddOptions extends CommonOptions {
  readonly name?: string;
}

export async function addKey(cli: Cli, options: AddOptions, file: string | undefined): Promise<void> {
  const publicKey = file === '-' ? await readInput() : await readKey(file === undefined ? usualFiles.map((name) => join(homedir(), '.ssh', name)) : [file]);
  if (publicKey.includes('PRIVATE KEY')) throw new AppError('invalid_input', { detail: 'This is a private key, which must stay where it is. Give the public one; its file ends in .pub.' });
  const key = await (await cli.client()).addSshKey({ body: { name: options.name ?? nameOf(publicKey), publicKey } });
  if (cli.isJson) return cli.terminal.json(key);
  cli.terminal.say(line`Added ${key.name} (${key.fingerprint}).`);
}

async function readKey(files: readonly string[]): Promise<string> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text.trim();
  }
  throw new AppError('invalid_input', { detail: `There is no ${files.join(' and no ')} to read. Make a key with: ssh-keygen -t ed25519` });
}

/** The comment that ssh-keygen writes at the end. */
function nameOf(publicKey: string): string {
  return publicKey.split(/\s+/).slice(2).join(' ').slice(0, 100) || `${userInfo().username}@${hostname()}`;
}

export async function removeKey(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const key = findKey(await readPages((query) => client.listSshKeys({ query })), named);
  await confirm(cli.terminal, `Pushes with the key ${key.name} are refused from then on.`, 'yes', options.yes);
  await client.removeSshKey({ params: { keyId: key.id } });
  if (cli.isJson) return cli.terminal.json({ removed: key.id });
  cli.terminal.say(line`Removed ${key.name}.`);
}

function findKey(keys: readonly SshKey[], named: string): SshKey {
  const found = keys.filter((key) => [key.id, key.name, key.fingerprint].includes(named));
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw new AppError('conflict', { detail: `${found.length} keys are named ${named}. Name one by its id: molo keys lists them.` });
  throw new AppError('not_found', { detail: `There is no SSH key ${named}. molo keys lists those that there are.` });
}
