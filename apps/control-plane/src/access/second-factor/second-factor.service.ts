import { Injectable } from '@nestjs/common';
import { AppError, type RecoveryCodes, type SecondFactor, type SecondFactorSecret } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { Addresses } from '../../addresses.js';
import { AuditService } from '../../audit/audit.service.js';
import { SecretBox } from '../../secrets/secret-box.js';
import type { Caller } from '../caller.js';
import { requireWhole } from '../decision.js';
import { OwnPassword, requireSession } from '../own-password.js';
import { User, whoIs } from '../user.entity.js';
import { hashRecoveryCode, newRecoveryCodes, normalized } from './recovery-code.js';
import { recoveryCodesLeft, secretContext, SecondFactorCodes } from './second-factor-codes.js';
import { newSecret, uriOf } from './totp.js';

export interface Proof {
  readonly password: string;
  readonly code: string;
}

/**
 * The second factor of signing in with a password: begun, confirmed and given up by its user, taken away by a sysadmin. Whoever
 * loses an answer goes on: a secret that was not confirmed is replaced by the next one, and recovery codes are made anew.
 */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly ownPassword: OwnPassword,
    private readonly codes: SecondFactorCodes,
    private readonly secretBox: SecretBox,
    private readonly addresses: Addresses,
    private readonly audit: AuditService,
  ) {}

  async of({ userId }: Caller): Promise<SecondFactor> {
    const user = userId === null ? null : await this.dataSource.manager.findOneBy(User, { id: userId });
    if (!user?.secondFactorSince) return { since: null, recoveryCodesLeft: 0 };
    return { since: user.secondFactorSince.toISOString(), recoveryCodesLeft: await recoveryCodesLeft(this.dataSource.manager, user.id) };
  }

  async enrol(caller: Caller, password: string): Promise<SecondFactorSecret> {
    const { userId: id } = requireSession(caller);
    const user = await this.ownPassword.prove(id, password, 'password');
    const secret = newSecret();
    await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(User, { id, passwordHash: user.passwordHash ?? IsNull(), secondFactorSince: IsNull() }, { secondFactorSecret: this.secretBox.seal(secret, secretContext(id)) });
      if (!affected) throw new AppError('conflict', { detail: 'You have a second factor already, or changed the password meanwhile. To have another one, give the present one up first: molo second-factor disable' });
      await this.audit.record(manager, caller, { action: 'second-factor.begun', target: whoIs(user) });
    });
    return { secret, uri: uriOf(secret, whoIs(user), this.addresses.platformHost) };
  }

  async confirm(caller: Caller, code: string): Promise<RecoveryCodes> {
    const { userId: id } = requireSession(caller);
    return await this.dataSource.transaction(async (manager) => {
      const user = await manager.findOne(User, { where: { id, secondFactorSecret: Not(IsNull()), secondFactorSince: IsNull() }, lock: { mode: 'pessimistic_write' } });
      if (!user) throw new AppError('conflict', { detail: 'There is nothing to confirm: no second factor was begun, or it is confirmed already. Begin one with: molo second-factor enable' });
      if ((await this.codes.acceptStep(manager, user, normalized(code))) === null) throw refused('This is no code of the secret at this time. Check that the clock of the phone is right, and take the code that the app shows now.');
      await manager.update(User, { id }, { secondFactorSince: new Date() });
      await this.audit.record(manager, caller, { action: 'second-factor.enabled', target: whoIs(user) });
      return await this.makeRecoveryCodes(manager, id);
    });
  }

  /** Password and code together are what begins a session, so that it takes none. */
  async disable(caller: Caller, proof: Proof): Promise<void> {
    await this.proven(caller, proof, async (manager, user) => {
      await forget(manager, user.id);
      await this.audit.record(manager, caller, { action: 'second-factor.disabled', target: whoIs(user) });
    });
  }

  async renewRecoveryCodes(caller: Caller, proof: Proof): Promise<RecoveryCodes> {
    return await this.proven(caller, proof, async (manager, user) => {
      await this.audit.record(manager, caller, { action: 'recovery-codes.renewed', target: whoIs(user) });
      return await this.makeRecoveryCodes(manager, user.id);
    });
  }

  /** By a sysadmin, from one who has lost it. Not from oneself: a stolen browser, or a token, must not be enough to become the account. */
  async removeOf(id: string, caller: Caller): Promise<void> {
    requireWhole(caller, 'Whoever knows the password of the user then has all their rights, and this token does not.');
    if (caller.userId === id) throw new AppError('forbidden', { detail: 'Nobody takes their own second factor away without a code. Give it up with one, a recovery code does (molo second-factor disable), or ask another sysadmin or the owner of the machine.' });
    await this.dataSource.transaction(async (manager) => {
      const user = await manager.findOne(User, { where: { id, kind: 'person' }, lock: { mode: 'pessimistic_write' } });
      if (!user) throw new AppError('not_found', { detail: `There is no user ${id}. "molo users" lists those there are.` });
      if (user.secondFactorSince === null) throw new AppError('conflict', { detail: `${whoIs(user)} has no second factor.` });
      await forget(manager, id);
      await this.audit.record(manager, caller, { action: 'second-factor.removed', target: whoIs(user), before: { since: user.secondFactorSince } });
    });
  }

  /** Does what takes password and code, in the transaction in which the code is used up. */
  private async proven<Done>(caller: Caller, { password, code }: Proof, change: (manager: EntityManager, user: User) => Promise<Done>): Promise<Done> {
    if (caller.userId === null) throw new AppError('forbidden', { detail: 'The owner of the machine has no password, and so no second factor. Sign in as a user.' });
    const { id, passwordHash } = await this.ownPassword.prove(caller.userId, password, 'password');
    const done = await this.dataSource.transaction(async (manager) => {
      const user = await manager.findOne(User, { where: { id, passwordHash: passwordHash ?? IsNull(), secondFactorSince: Not(IsNull()) }, lock: { mode: 'pessimistic_write' } });
      if (!user) throw new AppError('conflict', { detail: 'You have no second factor, or changed the password meanwhile. molo second-factor tells which.' });
      // That it was refused is committed, so that it is in the audit.
      return (await this.codes.accept(manager, user, code, caller)) === null ? null : { of: await change(manager, user) };
    });
    if (done === null) throw refused('This code is not right, or was used already. Take the next one that the app shows, or a recovery code.');
    return done.of;
  }

  private async makeRecoveryCodes(manager: EntityManager, userId: string): Promise<RecoveryCodes> {
    const recoveryCodes = newRecoveryCodes();
    await manager.query('delete from recovery_codes where user_id = $1', [userId]);
    await manager.query('insert into recovery_codes (user_id, code_hash) select $1, unnest($2::text[])', [userId, recoveryCodes.map(hashRecoveryCode)]);
    return { recoveryCodes };
  }
}

/** With the steps, which the next secret has of its own. */
async function forget(manager: EntityManager, userId: string): Promise<void> {
  await manager.update(User, { id: userId }, { secondFactorSecret: null, secondFactorSince: null });
  for (const table of ['recovery_codes', 'second_factor_steps']) await manager.query(`delete from ${table} where user_id = $1`, [userId]);
}

function refused(detail: string): AppError {
  return new AppError('invalid_input', { detail, errors: [{ path: 'code', message: 'is not right, or was used already' }] });
}
