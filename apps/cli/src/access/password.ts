import { AppError, type EndedAccess } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readExtraCa } from '../connection/connect.js';
import { httpFetch } from '../connection/http-fetch.js';
import { askSecret } from '../terminal/ask.js';
import { line } from '../terminal/piece.js';
import { sessionClient } from './login.js';
import { newPassword } from './new-password.js';

interface PasswordOptions extends CommonOptions {
  readonly revokeTokens?: boolean;
  readonly removeKeys?: boolean;
}

/** Changes one's own password, in a session that is begun with the old one: a token cannot. */
export async function changePassword(cli: Cli, { revokeTokens = false, removeKeys = false }: PasswordOptions): Promise<void> {
  const { email } = await (await cli.client()).me();
  const { kind, address } = await cli.route();
  if (email === null || kind === 'socket') throw new AppError('invalid_input', { detail: 'The owner of the machine has no password. Sign in as a user first: molo login' });
  if (!cli.terminal.isInteractive) throw new AppError('invalid_input', { detail: 'Nobody can be asked here. Run this in a terminal.' });
  const current = await askSecret(`Present password of ${email}: `);
  const session = sessionClient(address, httpFetch({ extraCa: await readExtraCa(cli.settings) }));
  await session.signIn({ body: { email, password: current } });
  let ended: EndedAccess;
  try {
    ended = await session.changePassword({ body: { current, password: await newPassword('New password: '), revokeTokens, removeKeys } });
  } finally {
    await session.signOut();
  }
  if (cli.isJson) return cli.terminal.json({ changed: email, ended });
  cli.terminal.say(line`Changed the password of ${email}. All browsers are signed out.`);
  cli.terminal.say(line`${whatOf(ended.tokens, 'API token', 'revoked')} ${whatOf(ended.sshKeys, 'SSH key', 'removed')}`);
  if (revokeTokens) cli.terminal.say(line`The token that molo had here has ended too. Sign in again: molo login`);
}

function whatOf(names: readonly string[], what: string, ended: string): string {
  return names.length === 0 ? `No ${what} was ${ended}.` : `${what}s ${ended}: ${names.join(', ')}.`;
}
