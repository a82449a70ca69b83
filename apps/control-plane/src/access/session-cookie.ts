import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';

const name = 'molo_session';
/** A browser has one of ours; each more costs a look into the database. */
const mostCookies = 8;

/**
 * The secrets that a browser sent as its session's. There may be several: an app at `myapp.DOMAIN` can set a cookie of
 * the same name for all of DOMAIN, and nothing in a request tells whose is whose. None where there are too many.
 */
export function sessionCookiesOf(request: IncomingMessage): string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const secrets = new Set(pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1)));
  return secrets.size > mostCookies ? [] : [...secrets];
}

export function setSessionCookie(request: Request, response: Response, secret: string, expires: Date): void {
  response.cookie(name, secret, { httpOnly: true, sameSite: 'lax', secure: request.secure, path: '/', expires, encode: String });
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(name, { httpOnly: true, sameSite: 'lax', secure: request.secure, path: '/' });
}
