import { AppError, problems } from '@molo/contracts';
import { exitCodes } from '../exit-codes.js';

export interface Finding {
  readonly status: 'ok' | 'warning' | 'problem';
  readonly found: string;
  /** What to do next; null where nothing is to be mended. */
  readonly advice: string | null;
}

/** Looks at one thing. It ends when the signal of the examination does, and may throw: that is a finding too. */
export interface Check {
  readonly name: string;
  run(): Promise<Finding>;
}

export function ok(found: string): Finding {
  return { status: 'ok', found, advice: null };
}

export function warning(found: string, advice: string): Finding {
  return { status: 'warning', found, advice };
}

export function problem(found: string, advice: string): Finding {
  return { status: 'problem', found, advice };
}

/** Begins all checks at once. Each finding is there when its check ends or the signal fires; none rejects. */
export function examine(checks: readonly Check[], signal: AbortSignal): Promise<Finding>[] {
  const late = new Promise<Finding>((resolve) => {
    signal.addEventListener('abort', () => resolve(tookTooLong), { once: true });
  });
  return checks.map((check) => Promise.race([findingOf(check, signal), late]));
}

const tookTooLong = problem('nothing was found out in time', 'Run it again. If it stays so, see what keeps this machine or the platform busy: top, molo status');

async function findingOf(check: Check, signal: AbortSignal): Promise<Finding> {
  try {
    return await check.run();
  } catch (error) {
    return signal.aborted ? tookTooLong : findingOfError(error);
  }
}

/** The check of what is away tells it; the others, which could not look, only name that check. */
function findingOfError(error: unknown): Finding {
  if (error instanceof NotSeen) return warning(`not seen: ${error.message}`, error.advice);
  if (error instanceof AppError) return problem(problems[error.code].title, error.detail);
  return problem(`the check itself broke: ${error instanceof Error ? error.message : String(error)}`, 'Please report this line.');
}

/** Something else has to be mended before a check can look. */
export class NotSeen extends Error {
  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

export function exitCodeOf(findings: readonly Finding[]): number {
  return findings.some(({ status }) => status === 'problem') ? exitCodes.problemFound.code : exitCodes.ok.code;
}
