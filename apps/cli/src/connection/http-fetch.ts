import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { Fetch } from '@molo/client';

export interface HttpFetchOptions {
  readonly socketPath?: string | undefined;
  /** CA certificates (PEM) that are trusted besides the usual ones. */
  readonly extraCa?: string | undefined;
}

/**
 * A `fetch` over Node's own http module: it goes over a unix socket, trusts a site's own CA and finds `*.localhost`
 * where the system's resolver does not, none of which the global fetch does; and it loads in a fraction of undici's time.
 */
export function httpFetch(options: HttpFetchOptions = {}): Fetch {
  return async (url, init) => {
    const target = new URL(url);
    const { request } = target.protocol === 'https:' ? await import('node:https') : await import('node:http');
    const ca = options.extraCa === undefined ? {} : { ca: [...(await import('node:tls')).getCACertificates('default'), options.extraCa] };
    return await new Promise<Response>((resolve, reject) => {
      const sent = request(target, {
        method: init.method,
        headers: init.body === undefined ? init.headers : { ...init.headers, 'content-length': String(Buffer.byteLength(init.body)) },
        ...(init.signal ? { signal: init.signal } : {}),
        ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
        ...(isLocalhost(target.hostname) ? { lookup: loopback } : {}),
        ...ca,
      });
      sent.once('response', (answer) => resolve(responseOf(answer)));
      sent.once('error', reject);
      sent.end(init.body);
    });
  };
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers();
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    headers.append(answer.rawHeaders[index] as string, answer.rawHeaders[index + 1] as string);
  }
  const status = answer.statusCode ?? 500;
  if ([204, 205, 304].includes(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers });
}

function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** RFC 6761: names under `localhost` are always the loopback address. */
const loopback: LookupFunction = (_host, options, found) => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (options.all) found(null, addresses);
  else found(null, '127.0.0.1', 4);
};
