import type { MoloClient } from '@molo/client';
import { AppError } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { readExtraCa } from '../connection/connect.js';
import { httpFetch } from '../connection/http-fetch.js';
import { askSecret } from '../terminal/ask.js';
import { sessionClient } from './login.js';
import { signIn } from './sign-in.js';

interface OwnAccount {
  readonly email: string;
  readonly password: string;
}

/** Whose account it is and their password, asked for: what changes one's own account takes more than a token. */
export async function askOwnPassword(cli: Cli): Promise<OwnAccount> {
  const { email } = await (await cli.client()).me();
  const { kind } = await cli.route();
  if (email === null || kind === 'socket') throw new AppError('invalid_input', { detail: 'The owner of the machine has no password. Sign in as a user first: molo login' });
  if (!cli.terminal.isInteractive) throw new AppError('invalid_input', { detail: 'Nobody can be asked here. Run this in a terminal.' });
  return { email, password: await askSecret(`Present password of ${email}: `) };
}

/** Does what takes a session, in one that is begun with the password and ended after it. */
export async function inOwnSession<Done>(cli: Cli, account: OwnAccount, work: (session: MoloClient) => Promise<Done>): Promise<Done> {
  const { address } = await cli.route();
  const session = sessionClient(address, httpFetch({ extraCa: await readExtraCa(cli.settings) }));
  await signIn(session, account, cli.terminal);
  try {
    return await work(session);
  } finally {
    await session.signOut();
  }
}
