import { AppError } from '@molo/contracts';
import type { Caller } from '../access/caller.js';
import type { Environment } from './environment.entity.js';

/* What a protected environment asks of whom. The right is that on the platform: admins of an app deploy it as developers do. */

type Protectable = Pick<Environment, 'protected'>;

/** Whether a deployment that the caller begins waits until a sysadmin approves it. A token of a sysadmin that may not administer is none. */
export function waitsForApproval(environment: Protectable, caller: Caller): boolean {
  return environment.protected && !caller.rights.includes('administer');
}

/** Taking it away would be a way round the approval. Throws `forbidden`. */
export function requireMayRemove(environments: readonly (Protectable & Pick<Environment, 'name'>)[], app: string, caller: Caller): void {
  const kept = environments.find((environment) => waitsForApproval(environment, caller));
  if (kept) throw new AppError('forbidden', { detail: `${kept.name} of ${app} is protected: only a sysadmin may remove it, or take the protection from it.` });
}
