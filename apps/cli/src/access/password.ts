import { AppError } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { readExtraCa } from '../connection/connect.js';
import { httpFetch } from '../connection/http-fetch.js';
import { askSecret } from '../terminal/ask.js';
import { line } from '../terminal/piece.js';
import { sessionClient } from './login.js';
import { newPassword } from './new-password.js';

/** Changes one's own password, in a session that is begun with the old one: a token cannot. */
export async function changePassword(cli: Cli): Promise<void> {
  const { email } = await (await cli.client()).me();
  const { kind, address } = await cli.route();
  if (email === null || kind === 'socket') throw new AppError('invalid_input', { detail: 'The owner of the machine has no password. Sign in as a user first: molo login' });
  if (!cli.terminal.isInteractive) throw new AppError('invalid_input', { detail: 'Nobody can be asked here. Run this in a terminal.' });
  const current = await askSecret(`Present password of ${email}: `);
  const session = sessionClient(address, httpFetch({ extraCa: await readExtraCa(cli.settings) }));
  await session.signIn({ body: { email, password: current } });
  try {
    await session.changePassword({ body: { current, password: await newPassword('New password: ') } });
  } finally {
    await session.signOut();
  }
  if (cli.isJson) return cli.terminal.json({ changed: email });
  cli.terminal.say(line`Changed the password of ${email}. All browsers are signed out; tokens go on.`);
}
