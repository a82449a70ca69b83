import { AppError } from '@molo/contracts';
import express, { type Request, type Response } from 'express';

const parserOf = (limit: string) => express.json({ limit, strict: false, type: () => true });
/** People and programs send little; an agent reports all that its node has. */
const parsers = { '1mb': parserOf('1mb'), '32mb': parserOf('32mb') };

/** The server itself sets no limit, since a push may take hours to arrive. */
export const bodySetting = 'milliseconds in which a JSON body arrives';

/** The body as JSON, undefined where there is none. Read only once the caller may call: nobody else makes us read a megabyte. */
export async function readJsonBody(request: Request, response: Response, limit: keyof typeof parsers = '1mb'): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  if (!request.is(['application/json', '+json'])) {
    throw new AppError('unsupported_media_type', { detail: `The body is ${request.get('content-type') ?? 'of no type'}. Send JSON, with "Content-Type: application/json".` });
  }
  const mostMs = request.app.get(bodySetting) as number;
  let tooLate: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    tooLate = setTimeout(() => reject(tooSlow(response, mostMs)), mostMs);
    parsers[limit](request, response, (error?: unknown) => (error === undefined || error === null ? resolve() : reject(bodyError(error, limit))));
  }).finally(() => clearTimeout(tooLate));
  return request.body as unknown;
}

function tooSlow(response: Response, mostMs: number): AppError {
  // What of the body still comes must not be taken for the next request.
  response.set('connection', 'close');
  return new AppError('request_too_slow', { detail: `The body did not arrive within ${mostMs / 1000} s. Try again over a better connection.` });
}

function hasBody(request: Request): boolean {
  const length = request.get('content-length');
  return request.get('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

/** The parser gives what is the client's fault a status, and no type where another library found it. */
function isClients(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 400 && status < 500;
}

function bodyError(error: unknown, limit: string): unknown {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : null;
  switch (type) {
    case 'entity.too.large':
      return new AppError('payload_too_large', { detail: `The body is larger than ${limit}. Send less.`, cause: error });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new AppError('unsupported_media_type', { detail: 'The body is in an encoding that is not known here. Send JSON in UTF-8.', cause: error });
    case null:
      return isClients(error) ? new AppError('malformed_request', { detail: 'The body cannot be unpacked. Send it whole, or without compression.', cause: error }) : error;
    default:
      return new AppError('malformed_request', { detail: 'The body is not valid JSON. Check its quotes and commas.', cause: error });
  }
}
