import { Controller } from '@nestjs/common';
import { api, type Me } from '@molo/contracts';
import type { Request } from 'express';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import type { Caller } from './caller.js';
import { ClaimService } from './claim.service.js';
import { clearSessionCookie, sessionCookiesOf, setSessionCookie } from './session-cookie.js';
import { SessionsService } from './sessions.service.js';
import { type From, type SignedIn, SignInService } from './sign-in.service.js';

@Controller()
export class AccessController {
  constructor(
    private readonly claims: ClaimService,
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
  ) {}

  @Endpoint(api.claim)
  async claim({ body, request, response }: Call<typeof api.claim>): Answer<typeof api.claim> {
    return welcome(await this.claims.claim(body, fromOf(request)), { request, response });
  }

  @Endpoint(api.signIn)
  async signIn({ body, request, response }: Call<typeof api.signIn>): Answer<typeof api.signIn> {
    return welcome(await this.signIns.signIn(body.email, body.password, fromOf(request)), { request, response });
  }

  @Endpoint(api.signOut)
  async signOut({ caller, request, response }: Call<typeof api.signOut>): Answer<typeof api.signOut> {
    for (const secret of sessionCookiesOf(request)) await this.sessions.end(secret, caller);
    clearSessionCookie(request, response);
  }

  @Endpoint(api.me)
  async me({ caller }: Call<typeof api.me>): Answer<typeof api.me> {
    return meOf(caller);
  }
}

function welcome({ caller, session }: SignedIn, { request, response }: Pick<Call<typeof api.signIn>, 'request' | 'response'>): Me {
  setSessionCookie(request, response, session.secret, session.expiresAt);
  return meOf(caller);
}

function meOf(caller: Caller): Me {
  return { kind: caller.userId === null ? 'owner' : 'user', name: caller.name, email: caller.email, role: caller.role, rights: [...caller.rights], apps: [...caller.apps].map(([name, { rights }]) => ({ name, rights: [...rights] })) };
}

function fromOf(request: Request): From {
  return { ip: request.ip ?? null, userAgent: request.get('user-agent') ?? null };
}
