import type { Me } from '@molo/contracts';
import type { Request, Response } from 'express';
import type { Caller } from './caller.js';
import { setSessionCookie } from './session-cookie.js';
import type { From, SignedIn } from './sign-in.service.js';

/** Hands the new session to the browser, and says who has signed in. */
export function welcome({ caller, session }: SignedIn, { request, response }: { request: Request; response: Response }): Me {
  setSessionCookie(request, response, session.secret, session.expiresAt);
  return meOf(caller);
}

export function meOf(caller: Caller): Me {
  const apps = [...caller.apps].map(([name, { rights }]) => ({ name, rights: [...rights] }));
  return { kind: caller.kind === 'robot' ? 'robot' : caller.userId === null ? 'owner' : 'user', name: caller.name, email: caller.email, role: caller.role, rights: [...caller.rights], apps };
}

export function fromOf(request: Request): From {
  return { ip: request.ip ?? null, userAgent: request.get('user-agent') ?? null };
}
