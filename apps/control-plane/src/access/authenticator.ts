import { Injectable } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import { Log } from '../log.js';
import { ApiToken } from './api-token.entity.js';
import { type Caller, ownerOfMachine } from './caller.js';
import { Callers } from './callers.js';
import { RecentCallers } from './recent-callers.js';
import { Revocations } from './revocations.js';
import { hashSecret } from './secret-text.js';
import { fingerprintOf } from './ssh-public-key.js';
import { SshKey } from './ssh-key.entity.js';

const lastUsedEveryMs = 60_000;

/** Who a token or an SSH key belongs to; null for all that is unknown, expired or revoked. */
@Injectable()
export class Authenticator {
  private readonly byHash = new RecentCallers<Caller>();
  private readonly byFingerprint = new RecentCallers<Caller>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly log: Log,
    revocations: Revocations,
  ) {
    revocations.listen(() => this.forgetAll());
  }

  async byToken(text: string, ip: string | null = null): Promise<Caller | null> {
    if (!text.startsWith(tokenPrefix)) return null;
    const hash = hashSecret(text);
    return stillValid(await this.byHash.get(hash, () => this.findToken(hash)), ip);
  }

  /** By the value of an `Authorization` header: Bearer, or Basic with the token as password and whatever user name git or docker sends. */
  async byAuthorization(header: string, ip: string | null = null): Promise<Caller | null> {
    const [, scheme, credentials] = /^(bearer|basic)\s+(\S+)\s*$/i.exec(header) ?? [];
    if (scheme === undefined || credentials === undefined) return null;
    if (scheme.toLowerCase() === 'bearer') return await this.byToken(credentials, ip);
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0 ? null : await this.byToken(text.slice(colon + 1), ip);
  }

  /** @param publicKeyBlob the key as SSH sends it, the base64 part of its line decoded */
  async bySshKey(publicKeyBlob: Buffer, ip: string | null = null): Promise<Caller | null> {
    const fingerprint = fingerprintOf(publicKeyBlob);
    return stillValid(await this.byFingerprint.get(fingerprint, () => this.findSshKey(fingerprint)), ip);
  }

  private async findToken(hash: string): Promise<Caller | null> {
    const token = await this.dataSource.manager.findOneBy(ApiToken, { tokenHash: hash, revokedAt: IsNull() });
    if (!token || hasPassed(token.expiresAt)) return null;
    const user = token.userId === null ? null : await this.callers.userWhoComes(token.userId);
    if (token.userId !== null && user === null) return null;
    this.noteUse(token);
    return await this.callers.ofToken(token, user, null);
  }

  private async findSshKey(fingerprint: string): Promise<Caller | null> {
    const key = await this.dataSource.manager.findOneBy(SshKey, { fingerprint });
    if (!key) return null;
    if (key.userId === null) return ownerOfMachine();
    const user = await this.callers.userWhoComes(key.userId);
    return user && (await this.callers.ofUser(user, null));
  }

  /** Nobody waits for it, and its failure stops nobody. */
  private noteUse(token: ApiToken): void {
    if (token.lastUsedAt !== null && Date.now() - token.lastUsedAt.getTime() < lastUsedEveryMs) return;
    this.dataSource.manager.update(ApiToken, { id: token.id }, { lastUsedAt: new Date() }).catch((error: unknown) => {
      this.log.warn({ err: error }, 'the last use of a token could not be written');
    });
  }

  private forgetAll(): void {
    this.byHash.forget();
    this.byFingerprint.forget();
  }
}

/** Tells an API token from every other secret, also to those who search for leaked ones. */
export const tokenPrefix = 'molo_';

function stillValid(known: Caller | null, ip: string | null): Caller | null {
  return known === null || hasPassed(known.until) ? null : { ...known, ip };
}

function hasPassed(time: Date | null): boolean {
  return time !== null && time.getTime() <= Date.now();
}
