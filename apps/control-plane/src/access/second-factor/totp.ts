import { timingSafeEqual } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** RFC 6238 with what every authenticator app takes: SHA-1, six digits, a step of thirty seconds. */
const shape = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** A clock that is off by as much, or a code that was typed as it changed, is no reason to refuse. */
const window = [-1, 0, 1] as const;

/** 160 bits, as long as SHA-1 is wide (RFC 4226, section 4). @returns base32 */
export function newSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What an app reads from a QR code. @param whose names the account within the app; `where` is the host of the platform */
export function uriOf(secret: string, whose: string, where: string): string {
  return new TOTP({ ...shape, secret, label: whose, issuer: where }).toString();
}

/**
 * The time step that a code of six digits belongs to; null where it belongs to none around now. All of them are always looked
 * at, so that the time that it takes tells nothing.
 */
export function stepOf(code: string, secret: string, nowMs: number): number | null {
  const totp = new TOTP({ ...shape, secret });
  const now = Math.floor(nowMs / 1000 / shape.period);
  const fitting = window.map((by) => now + by).filter((step) => timingSafeEqual(Buffer.from(totp.generate({ timestamp: step * shape.period * 1000 })), Buffer.from(code)));
  return fitting[0] ?? null;
}
