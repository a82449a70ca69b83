import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { SecretBox } from '../../secrets/secret-box.js';
import { Attempts } from '../attempts.js';
import type { Caller } from '../caller.js';
import { type User, whoIs } from '../user.entity.js';
import { hashRecoveryCode, normalized } from './recovery-code.js';
import { stepOf } from './totp.js';

/** As the audit has it. */
export interface AcceptedCode {
  readonly secondFactor: 'authenticator app' | 'recovery code';
  /** Where one was used up. */
  readonly recoveryCodesLeft?: number;
}

/** Accepts each code once: one of the authenticator app by its time step, a recovery code by being there. */
@Injectable()
export class SecondFactorCodes {
  /**
   * By the account alone: only who knows the password comes this far, and could guess a million codes from a thousand addresses.
   * Whom somebody with their password locks out so has their recovery codes, which are too long to be guessed and not counted.
   */
  private readonly guesses = new Attempts(20, 60 * 60_000);

  constructor(
    private readonly secretBox: SecretBox,
    private readonly audit: AuditService,
  ) {}

  /**
   * In the transaction of what it lets through, which holds the user's row: what is rolled back has used up no code. That a code was
   * refused is written into the audit there, since who tries it knows the password. @returns null where it is refused
   */
  async accept(manager: EntityManager, user: User, given: string, caller: Caller): Promise<AcceptedCode | null> {
    const code = normalized(given);
    const accepted = /^\d{6}$/.test(code) ? await this.acceptStep(manager, user, code) : await this.acceptRecoveryCode(manager, user, code);
    if (accepted === null) await this.audit.record(manager, caller, { action: 'second-factor.refused', target: whoIs(user) });
    return accepted;
  }

  /** The one thing that is asked of a secret that is not confirmed yet. */
  async acceptStep(manager: EntityManager, { id, secondFactorSecret }: User, code: string): Promise<AcceptedCode | null> {
    this.guesses.take(id);
    const step = secondFactorSecret === null || !/^\d{6}$/.test(code) ? null : stepOf(code, this.secretBox.open(secondFactorSecret, secretContext(id)), Date.now());
    if (step === null) return null;
    const first: unknown[] = await manager.query('insert into second_factor_steps (user_id, step) values ($1, $2) on conflict do nothing returning 1', [id, step]);
    if (first.length === 0) return null;
    this.guesses.giveBack(id);
    return { secondFactor: 'authenticator app' };
  }

  private async acceptRecoveryCode(manager: EntityManager, { id }: User, code: string): Promise<AcceptedCode | null> {
    const [, deleted]: [unknown[], number] = await manager.query('delete from recovery_codes where user_id = $1 and code_hash = $2', [id, hashRecoveryCode(code)]);
    return deleted === 0 ? null : { secondFactor: 'recovery code', recoveryCodesLeft: await recoveryCodesLeft(manager, id) };
  }
}

/** Comes after the right password, or link, alone; nothing of that was kept. */
export function codeRequired(): AppError {
  return new AppError('second_factor_required', { detail: 'This account has a second factor. Send all of it again together with a code of your authenticator app, or a recovery code, as "code".' });
}

export function codeRefused(): AppError {
  return new AppError('second_factor_refused', { detail: 'This code is not right, or was used already. Take the next one that the app shows, or a recovery code.' });
}

export async function recoveryCodesLeft(manager: EntityManager, userId: string): Promise<number> {
  const [row]: { count: number }[] = await manager.query('select count(*)::int as count from recovery_codes where user_id = $1', [userId]);
  return row?.count ?? 0;
}

/** Binds a sealed secret to its user. */
export function secretContext(userId: string): string {
  return `second factor of ${userId}`;
}
