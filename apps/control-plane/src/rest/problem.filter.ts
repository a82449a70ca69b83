import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { api, apiPrefix, AppError, type ProblemCode } from '@molo/contracts';
import type { Request, Response } from 'express';
import { appErrorOf } from '../database/database-failure.js';
import { Log } from '../log.js';
import { TooManyAttempts } from './too-many-attempts.js';

/** Every failure leaves as a problem document (RFC 9457); what nobody foresaw leaves as `internal` and says nothing of itself. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toAppError(thrown, request);
    if (error.status >= 500) this.log.error({ err: thrown, cause: error.cause, method: request.method, path: request.path }, 'a request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.code === 'method_not_allowed') response.set('allow', methodsAt(request.path).join(', '));
    if (error.code === 'not_signed_in' || error.code === 'credentials_refused') response.set('www-authenticate', 'Bearer realm="molo"');
    if (error instanceof TooManyAttempts) response.set('retry-after', String(error.retryAfterSeconds));
    if (error.code === 'unavailable') response.set('retry-after', '1');
    response.status(error.status).set('cache-control', 'no-store').type('application/problem+json').send(JSON.stringify(error.toProblem(request.path)));
  }
}

function toAppError(thrown: unknown, request: Request): AppError {
  return thrown instanceof HttpException ? fromNest(thrown, request) : appErrorOf(thrown);
}

const codesByStatus: Readonly<Record<number, ProblemCode>> = { 400: 'malformed_request', 404: 'not_found', 413: 'payload_too_large', 415: 'unsupported_media_type' };

/** Nest itself throws for routes that it does not know and for addresses that it cannot read. */
function fromNest(exception: HttpException, request: Request): AppError {
  const code = codesByStatus[exception.getStatus()] ?? 'internal';
  if (code !== 'not_found') return new AppError(code, { detail: 'The request cannot be read. Check its address and its headers.', cause: exception });
  const methods = methodsAt(request.path);
  if (methods.length > 0 && !methods.includes(request.method)) {
    return new AppError('method_not_allowed', { detail: `${request.path} takes ${methods.join(', ')}, not ${request.method}.` });
  }
  return new AppError('not_found', { detail: `There is nothing at ${request.path}. The API is described at /api/openapi.json.` });
}

const routes = Object.values(api).map((endpoint) => ({
  method: endpoint.method,
  pattern: new RegExp(`^${apiPrefix}${endpoint.path.replaceAll(/:\w+/g, '[^/]+')}/?$`),
}));

/** Methods that the table has for a path. */
function methodsAt(path: string): string[] {
  return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
}
