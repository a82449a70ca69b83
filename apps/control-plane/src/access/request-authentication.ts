import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Request, Response } from 'express';
import { Authenticator } from './authenticator.js';
import { anonymous, type Caller, ownerOfMachine } from './caller.js';
import { isOwners } from './owner-requests.js';
import { sessionCookiesOf, setSessionCookie } from './session-cookie.js';
import { SessionsService } from './sessions.service.js';

/** Who sends an HTTP request: the machine's owner, a token, a session, or nobody yet. */
@Injectable()
export class RequestAuthentication {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: SessionsService,
  ) {}

  /** Throws `credentials_refused` for credentials that are no good: they are a mistake that must not pass as nobody's. */
  async callerOf(request: Request, response: Response): Promise<Caller> {
    const known = await this.byOwnerOrHeader(request);
    if (known) return known;
    refuseOtherSites(request);
    return await this.bySession(request, response);
  }

  /** Who sends a request that has been let in before, as of now. */
  async callerAgain(request: Request): Promise<Caller> {
    const known = await this.byOwnerOrHeader(request);
    const session = known ? null : await this.sessions.find(sessionCookiesOf(request), request.ip ?? null);
    return known ?? session?.caller ?? { ...anonymous, ip: request.ip ?? null };
  }

  /** The same for a request that is about to become a WebSocket; null where it is nobody's. */
  async callerOfUpgrade(request: IncomingMessage, ip: string | null, token: string | null): Promise<Caller | null> {
    if (token !== null) return await this.authenticator.byToken(token, ip);
    const header = request.headers.authorization;
    if (header !== undefined) return await this.authenticator.byAuthorization(header, ip);
    return (await this.sessions.find(sessionCookiesOf(request), ip))?.caller ?? null;
  }

  private async byOwnerOrHeader(request: Request): Promise<Caller | null> {
    const ip = request.ip ?? null;
    if (isOwners(request)) return ownerOfMachine(ip);
    const header = request.get('authorization');
    if (header === undefined) return null;
    const caller = await this.authenticator.byAuthorization(header, ip);
    if (caller) return caller;
    throw new AppError('credentials_refused', { detail: 'The token is unknown, expired or revoked. Make a new one with "molo tokens create".' });
  }

  /** An ended session is no mistake of its browser's: it is nobody's, and may sign in again. */
  private async bySession(request: Request, response: Response): Promise<Caller> {
    const session = await this.sessions.find(sessionCookiesOf(request), request.ip ?? null);
    if (session === null) return { ...anonymous, ip: request.ip ?? null };
    if (isChange(request) && request.get('x-molo-csrf') !== '1') {
      throw new AppError('forbidden', { detail: 'A change by a session needs the header "X-Molo-Csrf: 1".' });
    }
    const prolongedTo = await this.sessions.prolong(session);
    if (prolongedTo) setSessionCookie(request, response, session.secret, prolongedTo);
    return session.caller;
  }
}

function isChange(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD';
}

/** A page of another site must not change things with the cookie of the browser that shows it, nor sign that browser in. */
function refuseOtherSites(request: Request): void {
  const origin = request.get('origin');
  if (!isChange(request) || origin === undefined) return;
  if (!isSameOrigin(origin, request.host)) throw new AppError('forbidden', { detail: 'The request comes from a page of another site.' });
}

/** TLS may end before us, so the host is compared, and not the protocol. */
export function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase().replace(/:(80|443)$/, '');
}
