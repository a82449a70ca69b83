import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Log } from '../log.js';

/** Changes are worth a line each; reading is not, unless one debugs. Paths hold no secrets; queries are left out. */
export function logRequests(log: Log): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAt = performance.now();
    const { method, path, ip } = request;
    response.once('close', () => {
      const facts = { method, path, status: response.statusCode, ms: Math.round(performance.now() - startedAt), ip };
      if (method === 'GET' || method === 'HEAD' || path.startsWith('/agent/')) log.debug(facts, 'request');
      else log.info(facts, 'request');
    });
    next();
  };
}
