import { AppError } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import type { Environment } from './environment.entity.js';

/* What a protected environment asks of whom. The right is that on the platform: admins of an app deploy it as developers do. */

type Protectable = Pick<Environment, 'protected'>;

/** Whether a deployment that the caller begins waits until a sysadmin approves it. A token of a sysadmin that may not administer is none. */
export function waitsForApproval(environment: Protectable, caller: Caller): boolean {
  return environment.protected && !caller.rights.includes('administer');
}

/**
 * Where nothing is live there is nothing to be protected yet, and what is deployed first is approved with all that it brings;
 * but what was approved, and is on its way, must bring nothing more. The environment is locked by the caller. Throws `conflict`.
 */
export async function requireNoneOnItsWay(manager: EntityManager, environment: Protectable & Pick<Environment, 'id' | 'name' | 'liveReleaseId'>, caller: Caller): Promise<void> {
  if (environment.liveReleaseId !== null || !waitsForApproval(environment, caller)) return;
  const [approved]: unknown[] = await manager.query('select 1 from deployments where environment_id = $1 and finished_at is null and not needs_approval limit 1', [environment.id]);
  if (approved) throw new AppError('conflict', { detail: `${environment.name} is protected, and its first release is on its way. Change it once that is live.` });
}

/** Of hosts: what leads to a protected environment must not be led to one that is not. Throws `forbidden`. */
export function requireMayLead(environment: Protectable & Pick<Environment, 'name'>, app: string, caller: Caller): void {
  if (waitsForApproval(environment, caller)) throw new AppError('forbidden', { detail: `${environment.name} of ${app} is protected: only a sysadmin may add domains to it, or remove them.` });
}

/** Taking it away would be a way round the approval. Throws `forbidden`. */
export function requireMayRemove(environments: readonly (Protectable & Pick<Environment, 'name'>)[], app: string, caller: Caller): void {
  const kept = environments.find((environment) => waitsForApproval(environment, caller));
  if (kept) throw new AppError('forbidden', { detail: `${kept.name} of ${app} is protected: only a sysadmin may remove it, or take the protection from it.` });
}
