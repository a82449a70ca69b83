import type { MoloClient } from '@molo/client';
import { AppError } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readExtraCa } from '../connection/connect.js';
import { httpFetch } from '../connection/http-fetch.js';
import { ask, readInput } from '../terminal/ask.js';
import { newPassword } from './new-password.js';
import { keepLogin, tokenBySession } from './login.js';
import { withCode } from './sign-in.js';

interface AcceptOptions extends CommonOptions {
  readonly name?: string;
  readonly password?: string;
}

/** Chooses name and password by an invitation link, and signs in as `molo login` does. */
export async function accept(cli: Cli, options: AcceptOptions, link: string): Promise<void> {
  const { url, token } = readLink(link);
  if (options.password === undefined && !cli.terminal.isInteractive) throw new AppError('invalid_input', { detail: 'Nobody can be asked here. Give the password on stdin: molo accept LINK --name NAME --password -' });
  const name = options.name ?? (options.password === undefined ? (await ask('Your name [as you were invited]: ')) || undefined : undefined);
  const password = options.password === undefined ? await newPassword('Password: ') : await readInput();
  const send = httpFetch({ extraCa: await readExtraCa(cli.settings) });
  const body = { token, password, ...(name === undefined ? {} : { name }) };
  // With the password on stdin nobody can be asked for a code: the platform's own answer says that one is needed.
  const follow = async (session: MoloClient) => (options.password === undefined ? await withCode((code) => session.acceptInvitation({ body: { ...body, ...code } }), cli.terminal) : await session.acceptInvitation({ body }));
  const made = await tokenBySession(url, send, follow);
  await keepLogin(cli, { url, token: made, send });
}

function readLink(text: string): { url: string; token: string } {
  const link = URL.parse(text);
  const token = link?.searchParams.get('token');
  if (link && token) return { url: link.origin, token };
  throw new AppError('invalid_input', { detail: 'This is not an invitation link. It is like http://molo.example.com/invitation?token=…; put it in quotes.' });
}
