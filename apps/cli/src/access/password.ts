import type { Cli, CommonOptions } from '../cli.js';
import { line } from '../terminal/piece.js';
import { newPassword } from './new-password.js';
import { askOwnPassword, inOwnSession } from './own-session.js';

interface PasswordOptions extends CommonOptions {
  readonly revokeTokens?: boolean;
  readonly removeKeys?: boolean;
}

/** Changes one's own password, in a session that is begun with the old one: a token cannot. */
export async function changePassword(cli: Cli, { revokeTokens = false, removeKeys = false }: PasswordOptions): Promise<void> {
  const account = await askOwnPassword(cli);
  const { email, password: current } = account;
  const ended = await inOwnSession(cli, account, async (session) => await session.changePassword({ body: { current, password: await newPassword('New password: '), revokeTokens, removeKeys } }));
  if (cli.isJson) return cli.terminal.json({ changed: email, ended });
  cli.terminal.say(line`Changed the password of ${email}. All browsers are signed out.`);
  cli.terminal.say(line`${whatOf(ended.tokens, 'API token', 'revoked')} ${whatOf(ended.sshKeys, 'SSH key', 'removed')}`);
  if (revokeTokens) cli.terminal.say(line`The token that molo had here has ended too. Sign in again: molo login`);
}

function whatOf(names: readonly string[], what: string, ended: string): string {
  return names.length === 0 ? `No ${what} was ${ended}.` : `${what}s ${ended}: ${names.join(', ')}.`;
}
