import { api } from '@molo/contracts';
import { Secret, TOTP } from 'otpauth';
import type { TestControlPlane } from '../../test-control-plane.js';
import type { User } from '../user.entity.js';

/** The app on a user's phone. */
export class TestAuthenticator {
  private constructor(
    readonly secret: string,
    readonly recoveryCodes: readonly string[],
  ) {}

  /** Enrols a user; the code of the present step is used up with it. */
  static async enrol(platform: TestControlPlane, user: User, password: string): Promise<TestAuthenticator> {
    const [as, headers] = [await platform.makeSession(user), { 'x-molo-csrf': '1' }];
    const { secret } = (await platform.call(api.enrolSecondFactor, { as, headers, body: { password } })).ok;
    const { recoveryCodes } = (await platform.call(api.confirmSecondFactor, { as, headers, body: { code: codeOf(secret) } })).ok;
    return new TestAuthenticator(secret, recoveryCodes);
  }

  /** @param steps ahead of now */
  code(steps = 0): string {
    return codeOf(this.secret, steps);
  }
}

/** As an app makes it that knows nothing but the secret. */
export function codeOf(secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
}
