import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Attempts } from './attempts.js';
import type { Caller } from './caller.js';
import { isPassword } from './passwords.js';
import { User } from './user.entity.js';

/** Asked again before one's own account is changed. */
@Injectable()
export class OwnPassword {
  /** Whoever finds a browser that is signed in must not find out the password from there. */
  private readonly guesses = new Attempts(10, 5 * 60_000);

  constructor(private readonly dataSource: DataSource) {}

  /** @param field of the request that holds it. @returns the user as they were while it was right */
  async prove(userId: string, password: string, field: string): Promise<User> {
    this.guesses.take(userId);
    const user = await this.dataSource.manager.findOneByOrFail(User, { id: userId });
    if (!(await isPassword(password, user.passwordHash))) throw new AppError('invalid_input', { detail: 'This is not your present password.', errors: [{ path: field, message: 'is not your present password' }] });
    this.guesses.forget(userId);
    return user;
  }
}

/** A token may have been given to others, and must not become the account. */
export function requireSession({ userId, sessionId }: Caller): { userId: string; sessionId: string } {
  if (userId !== null && sessionId !== null) return { userId, sessionId };
  throw new AppError('forbidden', { detail: 'Only who is signed in with a password changes the account, not a token nor the owner of the machine. Sign in on the dashboard.' });
}
