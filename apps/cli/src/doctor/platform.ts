import type { MoloClient } from '@molo/client';
import { AppError, type Status } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { openClient } from '../connection/connect.js';
import { NotSeen } from './check.js';
import { once } from './once.js';

/** The checks that others name as what to mend first. */
export const names = { platform: 'platform', signIn: 'sign-in', parts: 'platform parts' } as const;

/** Longer than its own parts are given to answer it, and short enough that those who wait for this can still tell. */
const answerWithinMs = 5000;

/** What the way from here leads to. */
export class Platform {
  constructor(
    private readonly cli: Cli,
    private readonly signal: AbortSignal,
  ) {}

  /** The right to ask is nothing to the platform's state: a token that is refused is left out. */
  readonly status = once(async (): Promise<Status> => {
    const late = AbortSignal.timeout(answerWithinMs);
    const signal = AbortSignal.any([this.signal, late]);
    const askedBy = (client: MoloClient) => client.status({}, { signal });
    try {
      return await askedBy(await this.cli.client()).catch(async (error: unknown) => {
        if (!isRefusal(error)) throw error;
        return await askedBy(await openClient({ ...(await this.cli.route()), token: undefined }, this.cli.settings));
      });
    } catch (error) {
      if (late.aborted) throw new AppError('unavailable', { detail: `It did not answer within ${answerWithinMs / 1000} s. Run this again; if it stays so, see on the platform's machine what keeps it busy: npm run status, then top`, cause: error });
      throw error;
    }
  });

  /** For the checks that look past the platform: what keeps its status from being seen is told by its own check. */
  async seen(): Promise<Status> {
    return await this.status().catch((error: unknown) => {
      throw error instanceof AppError ? new NotSeen('the platform is not seen', `Mend first: ${names.platform}`) : error;
    });
  }

  /** Asks it for a check that is about something else; that nobody is signed in, or a part of it is away, is told by others. */
  async ask<Answer>(question: (client: MoloClient) => Promise<Answer>): Promise<Answer> {
    await this.seen();
    try {
      return await question(await this.cli.client());
    } catch (error) {
      if (isRefusal(error)) throw new NotSeen('nobody is signed in', `Mend first: ${names.signIn}`);
      if (error instanceof AppError && error.code === 'unavailable') throw partAway();
      throw error;
    }
  }
}

export function partAway(): NotSeen {
  return new NotSeen('a part of the platform does not answer', `Mend first: ${names.parts}`);
}

export function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === 'not_signed_in' || error.code === 'credentials_refused');
}
