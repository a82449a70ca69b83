import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '@molo/contracts';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const format = 'v1';

/**
 * Seals values for the database with the platform's master key (AES-256-GCM).
 * `context` (such as an environment's id and a key) is bound in: a sealed value copied to another row does not open there.
 */
export class SecretBox {
  readonly #key: Buffer;

  /** @param masterKeyHex 32 bytes as hexadecimal digits */
  constructor(masterKeyHex: string) {
    this.#key = Buffer.from(masterKeyHex.trim(), 'hex');
    if (this.#key.length !== 32) {
      throw new AppError('internal', { detail: 'The master key must be 32 bytes, written as 64 hexadecimal digits.' });
    }
  }

  seal(text: string, context: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${format}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
  }

  open(sealed: string, context: string): string {
    const [version, body] = sealed.split('.');
    if (version !== format || body === undefined) {
      throw new AppError('internal', { detail: 'A stored secret has a format that this version does not know.' });
    }
    const bytes = Buffer.from(body, 'base64');
    const decipher = createDecipheriv(algorithm, this.#key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return decipher.update(bytes.subarray(nonceBytes + tagBytes)).toString('utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new AppError('internal', { detail: 'A stored secret does not open with this master key. Restore secrets/master.key from its backup.', cause });
    }
  }
}
