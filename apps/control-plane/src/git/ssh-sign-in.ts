import ssh2, { type AuthContext, type Connection, type PublicKeyAuthContext } from 'ssh2';
import { Injectable } from '@nestjs/common';
import { Authenticator } from '../access/authenticator.js';
import type { Caller } from '../access/caller.js';
import { appErrorOf } from '../database/database-failure.js';
import { Log } from '../log.js';

/** A client offers every key of its agent, one after another. */
const mostAttempts = 12;

/** Who the key of a connection belongs to now; null once it was removed. */
export type WhoIsIt = () => Promise<Caller | null>;

/** @param isFound whether it was looked up who it is; otherwise nobody could be */
type SignedIn = (who: WhoIsIt, isFound: boolean) => void;

/** Signs SSH clients in by public key alone; the user name does not matter. */
@Injectable()
export class SshSignIn {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly log: Log,
  ) {}

  /**
   * Judges all that this client tries; `signedIn` is told how to ask who it is before the client is told.
   * SSH has no word for "try again later": while nobody can be looked up, a client is let in that has the key it names.
   * Who it is is asked at each command, whose answer can say why it is not done.
   */
  watch(client: Connection, ip: string, signedIn: SignedIn): void {
    let attempts = 0;
    client.on('authentication', (context) => {
      if (context.method !== 'publickey') {
        context.reject(['publickey']);
        return;
      }
      attempts += 1;
      if (attempts > mostAttempts) {
        client.end();
        return;
      }
      void this.#judge(context, ip, signedIn);
    });
  }

  async #judge(context: PublicKeyAuthContext, ip: string, signedIn: SignedIn): Promise<void> {
    const key = Buffer.from(context.key.data);
    const who = () => this.authenticator.bySshKey(key, ip);
    const found = await this.#lookUp(who);
    if (found === 'nobody' || (context.signature !== undefined && !isSignedBy(context))) {
      reject(context);
      return;
    }
    if (context.signature !== undefined) signedIn(who, found === 'somebody');
    context.accept();
  }

  async #lookUp(who: WhoIsIt): Promise<'somebody' | 'nobody' | 'perhaps somebody'> {
    try {
      return (await who()) ? 'somebody' : 'nobody';
    } catch (error) {
      this.log.error({ err: error }, 'an SSH key could not be looked up');
      return appErrorOf(error).code === 'unavailable' ? 'perhaps somebody' : 'nobody';
    }
  }
}

function reject(context: AuthContext): void {
  context.reject(['publickey']);
}

function isSignedBy({ key, signature, blob, hashAlgo }: PublicKeyAuthContext): boolean {
  const parsed = ssh2.utils.parseKey(`${typeOf(key.data)} ${key.data.toString('base64')}`);
  if (parsed instanceof Error || !signature || !blob) return false;
  // Against its types, `verify` also returns errors.
  // oxlint-disable-next-line typescript/no-unnecessary-boolean-literal-compare
  return parsed.verify(blob, signature, hashAlgo) === true;
}

/** The first field of a key is its type (RFC 4253, section 6.6). */
function typeOf(blob: Buffer): string {
  return blob.toString('latin1', 4, 4 + Math.min(blob.readUInt32BE(0), 64));
}
