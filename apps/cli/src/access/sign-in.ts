import type { MoloClient } from '@molo/client';
import { AppError } from '@molo/contracts';
import { ask } from '../terminal/ask.js';
import { line } from '../terminal/piece.js';
import type { Terminal } from '../terminal/terminal.js';

/** Who mistypes more often has another trouble. */
const mostCodes = 3;

interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Signs in with the password, and with a code where the platform asks for one. */
export async function signIn(session: MoloClient, credentials: Credentials, terminal: Terminal): Promise<void> {
  await withCode((code) => session.signIn({ body: { ...credentials, ...code } }), terminal);
}

/** Does what takes a code of who has a second factor: asks for one where the platform does, which then takes all of it together. */
export async function withCode(enter: (code: { code?: string }) => Promise<unknown>, terminal: Terminal): Promise<void> {
  if (await isDone(enter({}), 'second_factor_required', () => undefined)) return;
  for (let left = mostCodes; left > 1; left--) {
    if (await isDone(enter({ code: await askCode() }), 'second_factor_refused', ({ detail }) => terminal.note(line`${detail}`))) return;
  }
  await enter({ code: await askCode() });
}

/** Of the authenticator app or a recovery code: whoever reads over a shoulder can do nothing with it once it is used up. */
export async function askCode(): Promise<string> {
  return await ask('Code of the authenticator app, or a recovery code: ');
}

/** @returns false where it failed with the code, which is told to `refused` */
async function isDone(attempt: Promise<unknown>, code: AppError['code'], refused: (error: AppError) => void): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== code) throw error;
    refused(error);
    return false;
  }
}
