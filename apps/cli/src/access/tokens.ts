import { AppError, Id, type Token, type TokenRight } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { line } from '../terminal/piece.js';

export async function listTokens(cli: Cli): Promise<void> {
  const client = await cli.client();
  showTokens(cli, await readPages((query) => client.listTokens({ query })), 'molo tokens create "my laptop"');
}

export function showTokens(cli: Cli, tokens: readonly Token[], makeOne: string): void {
  if (cli.isJson) return cli.terminal.json(tokens);
  if (tokens.length === 0) return cli.terminal.note(line`There are no tokens. Make one with: ${makeOne}`);
  cli.terminal.table(tokens, [
    { title: 'ID', value: (token) => token.id },
    { title: 'RIGHTS', value: (token) => token.rights.join(', ') },
    { title: 'APPS', value: (token) => (token.apps === null ? 'all' : token.apps.join(', ') || 'none') },
    { title: 'MADE', value: (token) => ago(token.createdAt) },
    { title: 'LAST USED', value: (token) => token.lastUsedAt && ago(token.lastUsedAt) },
    { title: 'EXPIRES', value: (token) => (token.expiresAt === null ? 'never' : token.expiresAt.slice(0, 10)) },
    { title: 'NAME', value: (token) => token.name },
  ]);
}

export interface CreateTokenOptions extends CommonOptions {
  readonly rights?: TokenRight[];
  readonly apps?: string[];
  readonly expires?: number | null;
}

export async function createToken(cli: Cli, options: CreateTokenOptions, name: string): Promise<void> {
  showNewToken(cli, await (await cli.client()).createToken({ body: newTokenOf(options, name) }));
}

export function newTokenOf({ rights, apps, expires }: CreateTokenOptions, name: string) {
  return { name, ...(rights === undefined ? {} : { rights }), ...(apps === undefined ? {} : { apps }), ...(expires === undefined ? {} : { expiresInDays: expires }) };
}

/** The token alone goes to stdout, so that `TOKEN=$(molo tokens create ci)` works. */
export function showNewToken(cli: Cli, token: Token & { readonly token: string }): void {
  if (cli.isJson) return cli.terminal.json(token);
  const where = token.apps === null ? '' : ` on ${token.apps.join(' and ')} alone`;
  cli.terminal.note(line`Made the token ${token.name}, which may ${token.rights.join(' and ')}${where}${token.expiresAt === null ? '' : ` until ${token.expiresAt.slice(0, 10)}`}. It is shown this once:`);
  cli.terminal.say(line`${token.token}`);
}

export async function revokeToken(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const token = findToken(await readPages((query) => client.listTokens({ query })), named);
  await confirm(cli.terminal, `Whatever uses the token ${token.name} is refused from then on.`, 'yes', options.yes);
  await client.revokeToken({ params: { tokenId: token.id } });
  if (cli.isJson) return cli.terminal.json({ revoked: token.id });
  cli.terminal.say(line`Revoked ${token.name}.`);
}

export function findToken(tokens: readonly Token[], named: string): Token {
  const found = tokens.filter((token) => (Id.safeParse(named).success ? token.id === named.toLowerCase() : token.name === named));
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw new AppError('conflict', { detail: `${found.length} tokens are named ${named}. Name one by its id.` });
  throw new AppError('not_found', { detail: `There is no token ${named}. List those that there are first.` });
}
