import { AppError } from '@molo/contracts';

/** Goes out with `Retry-After`. */
export class TooManyAttempts extends AppError {
  constructor(readonly retryAfterSeconds: number) {
    super('too_many_attempts', { detail: `Too many attempts. Try again in ${retryAfterSeconds} s.` });
  }
}
