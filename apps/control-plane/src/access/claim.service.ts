import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { Addresses } from '../addresses.js';
import { AuditService } from '../audit/audit.service.js';
import { Config } from '../config.js';
import { Log } from '../log.js';
import { Callers } from './callers.js';
import { Claim } from './claim.entity.js';
import { hashPassword } from './passwords.js';
import { hashSecret, randomSecret } from './secret-text.js';
import { SessionsService } from './sessions.service.js';
import type { From, SignedIn } from './sign-in.service.js';
import { User } from './user.entity.js';

export interface ClaimRequest {
  readonly token: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** The one row of the table. */
const theClaim = 1;

/**
 * The platform's first user. There is no open sign-up and no default password: the first start writes a one-time link that
 * only the machine's owner can read, and whoever follows it becomes the first sysadmin.
 */
@Injectable()
export class ClaimService implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly addresses: Addresses,
    private readonly config: Config,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const claim = await this.dataSource.manager.findOneBy(Claim, { id: theClaim });
    if (claim?.usedAt) await rm(this.linkFile, { force: true });
    else await this.offer(claim);
  }

  async isClaimed(): Promise<boolean> {
    const claim = await this.dataSource.manager.findOneBy(Claim, { id: theClaim });
    return claim !== null && claim.usedAt !== null;
  }

  /** Of any number at once, one wins; the others are told that it is claimed. */
  async claim(request: ClaimRequest, from: From): Promise<SignedIn> {
    await this.refuseUnlessOpen(request.token);
    const passwordHash = await hashPassword(request.password);
    const signedIn = await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(Claim, { id: theClaim, tokenHash: hashSecret(request.token), usedAt: IsNull() }, { usedAt: new Date() });
      if (!affected) throw alreadyClaimed();
      return await this.firstUser(manager, request, passwordHash, from);
    });
    await rm(this.linkFile, { force: true });
    this.log.info({ user: signedIn.caller.name }, 'the platform has been claimed');
    return signedIn;
  }

  /** Before the costly hash of the password: guessing links is to cost us nothing. */
  private async refuseUnlessOpen(token: string): Promise<void> {
    const claim = await this.dataSource.manager.findOneBy(Claim, { id: theClaim });
    if (claim?.usedAt) throw alreadyClaimed();
    if (claim?.tokenHash !== hashSecret(token)) {
      throw new AppError('credentials_refused', { detail: 'This claim link is not valid. The present one is in control-plane/claim-link under MOLO_HOME.' });
    }
  }

  private async firstUser(manager: EntityManager, { email, name }: ClaimRequest, passwordHash: string, from: From): Promise<SignedIn> {
    const user = manager.create(User, { id: randomUUID(), kind: 'person', email, name, role: 'sysadmin', passwordHash, disabledAt: null, lastSeenAt: null, createdAt: new Date() });
    await manager.insert(User, user);
    const caller = await this.callers.ofUser(user, from.ip);
    await this.audit.record(manager, caller, { action: 'platform.claimed', target: email });
    return { caller, session: await this.sessions.start(manager, user, from) };
  }

  /** The token's text is in the file alone. Where that is lost a new one takes its place. */
  private async offer(claim: Claim | null): Promise<void> {
    const written = await readFile(this.linkFile, 'utf8').catch(() => '');
    const known = /[?&]token=([\w-]+)/.exec(written)?.[1];
    const token = known !== undefined && claim?.tokenHash === hashSecret(known) ? known : randomSecret();
    await mkdir(dirname(this.linkFile), { recursive: true, mode: 0o700 });
    await writeFile(this.linkFile, `${this.addresses.dashboard}/claim?token=${token}\n`, { mode: 0o600 });
    if (token === known) return;
    await this.dataSource.query(
      `insert into claims (id, token_hash) values ($1, $2) on conflict (id) do update set token_hash = excluded.token_hash where claims.used_at is null`,
      [theClaim, hashSecret(token)],
    );
    this.log.info({ file: this.linkFile }, 'the platform is not claimed yet: follow the link in the file');
  }

  private get linkFile(): string {
    return this.config.path('control-plane', 'claim-link');
  }
}

function alreadyClaimed(): AppError {
  return new AppError('conflict', { detail: 'The platform has been claimed already. Sign in, or ask its sysadmin for an account.' });
}
