import { randomBytes } from 'node:crypto';
import { hashSecret } from '../secret-text.js';

const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const length = 16;
const count = 10;

/** Of 80 random bits each, which nobody guesses even from the hash, in groups that can be typed. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: count }, () => {
    const text = Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');
    return text.match(/.{4}/g)!.join('-');
  });
}

/** What people type has spaces, dashes and capitals where they like. */
export function normalized(code: string): string {
  return code.replaceAll(/[\s-]/g, '').toLowerCase();
}

/** What the database keeps of one. */
export function hashRecoveryCode(code: string): string {
  return hashSecret(normalized(code));
}
