import { AppError, type Session } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { green, line } from '../terminal/piece.js';

export async function listSessions(cli: Cli): Promise<void> {
  const client = await cli.client();
  showSessions(cli, await readPages((query) => client.listSessions({ query })));
}

export function showSessions(cli: Cli, sessions: readonly Session[]): void {
  if (cli.isJson) return cli.terminal.json(sessions);
  if (sessions.length === 0) return cli.terminal.note(line`There are no sessions: no browser is signed in. Tokens are others: molo tokens`);
  cli.terminal.table(sessions, [
    { title: 'ID', value: (session) => session.id },
    { title: 'LAST SEEN', value: (session) => (session.current ? green('this one') : ago(session.lastSeenAt)) },
    { title: 'BEGAN', value: (session) => ago(session.createdAt) },
    { title: 'FROM', value: (session) => session.ip },
    { title: 'WITH', value: (session) => session.userAgent },
  ]);
}

export async function endSession(cli: Cli, options: CommonOptions, id: string | undefined, all: boolean): Promise<void> {
  const client = await cli.client();
  if ((id === undefined) !== all) throw new AppError('invalid_input', { detail: 'Name one session by its id, which molo sessions lists, or end all of them with --all.' });
  await confirm(cli.terminal, all ? 'All your browsers are signed out.' : 'The browser of this session is signed out.', 'yes', options.yes);
  if (id === undefined) await client.endOtherSessions();
  else await client.endSession({ params: { sessionId: id } });
  if (cli.isJson) return cli.terminal.json({ ended: id ?? 'all' });
  cli.terminal.say(line`Signed out ${id === undefined ? 'all browsers' : 'the browser'}.`);
}
