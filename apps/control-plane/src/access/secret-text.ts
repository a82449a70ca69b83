import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, for tokens, sessions and the claim. */
export function randomSecret(prefix = ''): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** What the database keeps of a random secret. A plain hash does: 256 random bits cannot be guessed. */
export function hashSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
