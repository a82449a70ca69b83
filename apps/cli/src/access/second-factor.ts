import { AppError } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { ask } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, line, whiteOnBlack } from '../terminal/piece.js';
import { askOwnPassword, inOwnSession } from './own-session.js';
import { askCode } from './sign-in.js';

export async function showSecondFactor(cli: Cli): Promise<void> {
  const secondFactor = await (await cli.client()).getSecondFactor();
  if (cli.isJson) return cli.terminal.json(secondFactor);
  const { since, recoveryCodesLeft } = secondFactor;
  if (since === null) return cli.terminal.say(line`You sign in with the password alone. To be asked for a code as well: molo second-factor enable`);
  cli.terminal.say(line`You sign in with password and code since ${ago(since)}. Recovery codes left: ${recoveryCodesLeft}.`);
}

/** Where it is broken off before the code is confirmed, nothing has changed. */
export async function enableSecondFactor(cli: Cli): Promise<void> {
  const account = await askOwnPassword(cli);
  if ((await (await cli.client()).getSecondFactor()).since !== null) throw new AppError('conflict', { detail: 'You have a second factor already. To have another one, give this one up first: molo second-factor disable' });
  const { recoveryCodes } = await inOwnSession(cli, account, async (session) => {
    const { uri, secret } = await session.enrolSecondFactor({ body: { password: account.password } });
    await showSecret(cli, uri, secret);
    return await session.confirmSecondFactor({ body: { code: await ask('The code that the app shows now: ') } });
  });
  if (!cli.isJson) cli.terminal.note(line`${bold('Signing in with the password takes a code from now on.')} Where you are signed in already, you stay; molo sessions end --all ends that.`);
  showRecoveryCodes(cli, recoveryCodes);
}

export async function disableSecondFactor(cli: Cli): Promise<void> {
  const { email, password } = await askOwnPassword(cli);
  await (await cli.client()).disableSecondFactor({ body: { password, code: await askCode() } });
  if (cli.isJson) return cli.terminal.json({ disabled: email });
  cli.terminal.say(line`${email} signs in with the password alone from now on. Remove the account from the authenticator app; its recovery codes are worth nothing any more.`);
}

export async function renewRecoveryCodes(cli: Cli): Promise<void> {
  const { password } = await askOwnPassword(cli);
  const { recoveryCodes } = await (await cli.client()).renewRecoveryCodes({ body: { password, code: await askCode() } });
  showRecoveryCodes(cli, recoveryCodes);
}

/** On stderr, also with --json: it is for whoever sits there. */
async function showSecret(cli: Cli, uri: string, secret: string): Promise<void> {
  const { encodeQR } = await import('qr');
  cli.terminal.note(line`Scan this with an authenticator app, or type the secret in there:`);
  for (const row of encodeQR(uri, 'ascii', { ecc: 'low' }).split('\n').filter(Boolean)) cli.terminal.note(line`${whiteOnBlack(row)}`);
  cli.terminal.note(line`Secret: ${bold(secret.match(/.{1,4}/g)?.join(' ') ?? secret)}`);
  cli.terminal.note(line`Link:   ${uri}`);
}

/** They alone go to stdout. */
function showRecoveryCodes(cli: Cli, recoveryCodes: readonly string[]): void {
  if (cli.isJson) return cli.terminal.json({ recoveryCodes });
  cli.terminal.note(line`Recovery codes, for when the app is gone. Each signs in once. They are shown this once; keep them apart from the password:`);
  for (const code of recoveryCodes) cli.terminal.say(line`${code}`);
}
