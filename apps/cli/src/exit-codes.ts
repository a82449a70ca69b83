import type { AppError, ProblemCode } from '@molo/contracts';

/** What scripts can tell a command's end by. The docs hold the same table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'it was done' },
  failed: { code: 1, meaning: 'it failed: a build, a deployment, a push; or the platform broke' },
  usage: { code: 2, meaning: 'the command or a value in it is not valid, or a confirmation is missing' },
  notFound: { code: 3, meaning: 'there is no such thing, or you may not see it' },
  notAllowed: { code: 4, meaning: 'you are not signed in, or may not do this' },
  unavailable: { code: 5, meaning: 'the platform or a part of it does not answer; the same command may work later' },
  conflict: { code: 6, meaning: 'it exists already, or its present state does not allow this' },
  problemFound: { code: 7, meaning: '`molo doctor` found a problem' },
  interrupted: { code: 130, meaning: 'you pressed Ctrl-C; a deployment that was followed goes on' },
} as const;

const codesOfProblems: Partial<Record<ProblemCode, number>> = {
  invalid_input: exitCodes.usage.code,
  malformed_request: exitCodes.usage.code,
  not_found: exitCodes.notFound.code,
  not_signed_in: exitCodes.notAllowed.code,
  credentials_refused: exitCodes.notAllowed.code,
  second_factor_required: exitCodes.notAllowed.code,
  second_factor_refused: exitCodes.notAllowed.code,
  forbidden: exitCodes.notAllowed.code,
  unavailable: exitCodes.unavailable.code,
  too_many_attempts: exitCodes.unavailable.code,
  request_too_slow: exitCodes.unavailable.code,
  already_exists: exitCodes.conflict.code,
  conflict: exitCodes.conflict.code,
};

export function exitCodeOf(error: AppError): number {
  return codesOfProblems[error.code] ?? exitCodes.failed.code;
}
