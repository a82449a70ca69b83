import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';

const name = 'molo_session';

/** The session's secret that a browser sent. */
export function sessionCookieOf(request: IncomingMessage): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

export function setSessionCookie(request: Request, response: Response, secret: string, expires: Date): void {
  response.cookie(name, secret, { httpOnly: true, sameSite: 'lax', secure: request.secure, path: '/', expires, encode: String });
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(name, { httpOnly: true, sameSite: 'lax', secure: request.secure, path: '/' });
}
