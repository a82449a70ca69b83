import { AppError, type Endpoint, Problem, type ProblemCode, problems } from '@molo/contracts';
import type { Answer } from './request.js';

/** Reads a good answer, or one event of a stream, by the endpoint's schema. */
export function parseAnswer(endpoint: Endpoint, text: string): unknown {
  const value = parseJson(text);
  if (value === undefined) throw new AppError('unavailable', { detail: 'What answers there does not speak as a Molo platform does. Check the address.' });
  const parsed = endpoint.response.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('internal', {
    detail: `The answer to ${endpoint.method} ${endpoint.path} is not what was expected (${issue?.path.join('.') || 'answer'}: ${issue?.message ?? 'not readable'}). Is this client of another version than the platform? Bring both to one version.`,
    cause: parsed.error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The ingress answers in the place of a control plane that is away, with a page and not with a problem. */
export function isGatewayAnswer(answer: Answer): boolean {
  return [502, 503, 504].includes(answer.status) && !isJson(answer);
}

function isJson(answer: Answer): boolean {
  return (answer.headers.get('content-type') ?? '').includes('json');
}

/** The AppError that a refusing answer stands for. */
export async function problemOf(answer: Answer, url: string): Promise<AppError> {
  const text = await answer.text().catch(() => '');
  const told = isJson(answer) ? toldProblem(text) : undefined;
  return told ?? new AppError(codeOfStatus(answer.status), { detail: `${url} answered with status ${answer.status} and no explanation. Check that this is the address of a Molo platform and that it is running.`, cause: text.slice(0, 2000) });
}

/**
 * The AppError of a problem document; undefined where the text is none, or where its code is one that this client does
 * not know. The code is looked up by itself: in the browser schemas check nothing.
 */
export function toldProblem(text: string): AppError | undefined {
  const { success, data } = Problem.safeParse(parseJson(text));
  if (!success || !Object.hasOwn(problems, data.code)) return undefined;
  return new AppError(data.code, { detail: data.detail, ...(data.errors ? { errors: data.errors } : {}) });
}

function codeOfStatus(status: number): ProblemCode {
  if (status === 401) return 'not_signed_in';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 413) return 'payload_too_large';
  if (status === 429) return 'too_many_attempts';
  return status >= 500 ? 'unavailable' : 'malformed_request';
}
