import { AppError, Id, type Token } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { line } from '../terminal/piece.js';

export async function listTokens(cli: Cli): Promise<void> {
  const client = await cli.client();
  const tokens = await readPages((query) => client.listTokens({ query }));
  if (cli.isJson) return cli.terminal.json(tokens);
  if (tokens.length === 0) return cli.terminal.note(line`There are no tokens. Make one with: molo tokens create "my laptop"`);
  cli.terminal.table(tokens, [
    { title: 'ID', value: (token) => token.id },
    { title: 'RIGHTS', value: (token) => token.rights.join(', ') },
    { title: 'MADE', value: (token) => ago(token.createdAt) },
    { title: 'LAST USED', value: (token) => token.lastUsedAt && ago(token.lastUsedAt) },
    { title: 'EXPIRES', value: (token) => (token.expiresAt === null ? 'never' : token.expiresAt.slice(0, 10)) },
    { title: 'NAME', value: (token) => token.name },
  ]);
}

interface CreateOptions extends CommonOptions {
  readonly rights?: ('read' | 'deploy' | 'administer')[];
  readonly expires?: number | null;
}

/** The token alone goes to stdout, so that `TOKEN=$(molo tokens create ci)` works. */
export async function createToken(cli: Cli, options: CreateOptions, name: string): Promise<void> {
  const token = await (await cli.client()).createToken({
    body: { name, ...(options.rights === undefined ? {} : { rights: options.rights }), ...(options.expires === undefined ? {} : { expiresInDays: options.expires }) },
  });
  if (cli.isJson) return cli.terminal.json(token);
  cli.terminal.note(line`Made the token ${token.name}, which may ${token.rights.join(' and ')}${token.expiresAt === null ? '' : ` until ${token.expiresAt.slice(0, 10)}`}. It is shown this once:`);
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

function findToken(tokens: readonly Token[], named: string): Token {
  const found = tokens.filter((token) => (Id.safeParse(named).success ? token.id === named.toLowerCase() : token.name === named));
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw new AppError('conflict', { detail: `${found.length} tokens are named ${named}. Name one by its id: molo tokens lists them.` });
  throw new AppError('not_found', { detail: `There is no token ${named}. molo tokens lists those that there are.` });
}
