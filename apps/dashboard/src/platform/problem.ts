import { AppError, problems } from '@molo/contracts';

export interface ShownProblem {
  readonly title: string;
  readonly detail: string;
}

/** What to show of anything that was thrown. */
export function shownProblem(error: unknown): ShownProblem {
  if (error instanceof AppError) return { title: problems[error.code].title, detail: error.detail };
  return { title: problems.internal.title, detail: 'The page met an error of its own. Load it again; if it stays, tell your sysadmin.' };
}

export function isProblem(error: unknown, ...codes: AppError['code'][]): boolean {
  return error instanceof AppError && codes.includes(error.code);
}

/** `must be …` as a sentence about its subject. */
export function sentence(subject: string, message: string | undefined): string | undefined {
  return message === undefined ? undefined : `${subject} ${message}.`;
}

/** Messages of a refused form by field: `body.email` or `email` is `email`. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof AppError)) return {};
  return Object.fromEntries((error.errors ?? []).map(({ path, message }) => [path.replace(/^(body|params|query)\./, ''), message]));
}
