import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@molo/contracts';

export interface ConnectionLimits {
  /** Time in which the first line and the headers of a request arrive, from the moment that its connection is there. */
  readonly headersMs: number;
  /** How often it is looked whether that time is over. */
  readonly lookEveryMs: number;
  /** Time in which a JSON body arrives, and in which the rest of any body does once the request is answered. */
  readonly bodyMs: number;
}

/** Agents report every ten seconds at the least: Node's own five would have each of them connect anew for it. */
const idleMs = 65_000;

/** The ingress waits for headers as long. */
export const connectionLimits: ConnectionLimits = { headersMs: 20_000, lookEveryMs: 5000, bodyMs: 60_000 };

/** Lets go of clients that dribble, and answers with a problem those who send what is no request of HTTP. */
export function boundConnections(server: Server, limits: ConnectionLimits): void {
  server.headersTimeout = limits.headersMs;
  server.keepAliveTimeout = idleMs;
  // Node takes it where a server is made, which Nest does, and reads it where the server begins to listen.
  (server as Server & { connectionsCheckingInterval: number }).connectionsCheckingInterval = limits.lookEveryMs;
  const answering = new WeakSet<Duplex>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answering.add(request.socket);
    response.once('close', () => answering.delete(request.socket));
    response.once('finish', () => awaitRest(request, limits.bodyMs));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Written into an answer that is under way it would be taken for a part of it.
    if (error.code === 'ECONNRESET' || !socket.writable || answering.has(socket)) socket.destroy();
    else socket.end(answerTo(error), () => socket.destroy());
  });
}

/** Of a request that is answered already, Node reads on for as long as somebody sends. */
function awaitRest(request: IncomingMessage, mostMs: number): void {
  if (request.complete) return;
  const tooLate = setTimeout(() => request.socket.destroy(), mostMs);
  request.once('close', () => clearTimeout(tooLate));
}

function answerTo(error: NodeJS.ErrnoException): string {
  const problem = problemOf(error).toProblem();
  const body = JSON.stringify(problem);
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`;
}

function problemOf(error: NodeJS.ErrnoException): AppError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('request_too_slow', { detail: 'The headers of the request did not arrive in time. Try again over a better connection.', cause: error });
  if (error.code === 'HPE_HEADER_OVERFLOW') return new AppError('malformed_request', { detail: 'The address and the headers are larger than 16 kB. Send less of them.', cause: error });
  return new AppError('malformed_request', { detail: 'This is no request of HTTP that can be read. Check its address and its headers.', cause: error });
}
