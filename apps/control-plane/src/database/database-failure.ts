import { AppError } from '@molo/contracts';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** SQLSTATE classes that say that the server goes or cannot take us: connection exceptions, insufficient resources, operator intervention. */
const awayClasses = ['08', '53', '57'];

/** What pg throws without any code when it loses a connection or gets none in time. */
const awayMessages = ['Connection terminated', 'timeout exceeded when trying to connect', 'Client has encountered a connection error', 'Cannot use a pool after calling end'];

/** Whether PostgreSQL is away, rather than the query wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  // TypeORM lets go of a connection that was lost beneath a transaction; the next query of the transaction finds none.
  if (error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError) return true;
  if (error instanceof QueryFailedError) return isDatabaseAway(error.driverError);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if ('severity' in error) return isLastWord(error.severity) || awayClasses.includes(code.slice(0, 2));
  if ('syscall' in error) return ['getaddrinfo', 'connect', 'read', 'write'].includes(String(error.syscall));
  return awayMessages.some((message) => error.message.startsWith(message));
}

/** What somebody is told of an error: what Molo itself named stays as it is. */
export function appErrorOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isDiskFull(error)) return new AppError('storage_full', { detail: 'The disk of the database is full: nothing was written, and apps serve on. Have a sysadmin make room on it; then try again.', cause: error });
  if (isDatabaseAway(error)) return new AppError('unavailable', { detail: 'The database does not answer. Try again in a moment; apps go on serving.', cause: error });
  return new AppError('internal', { detail: 'Something broke inside Molo. Try again; the log of the control plane says more.', cause: error });
}

/** SQLSTATE disk_full. */
function isDiskFull(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code === '53100';
}

/** After these the server has closed the connection, or never opened it. */
function isLastWord(severity: unknown): boolean {
  return severity === 'FATAL' || severity === 'PANIC';
}
