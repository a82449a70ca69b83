import { Injectable } from '@nestjs/common';
import type { Formation } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { type ConfigChange, configOf, ConfigSnapshots } from '../environments/config-snapshots.js';
import { Environment } from '../environments/environment.entity.js';
import { SecretBox } from '../secrets/secret-box.js';

/** What a deployment changes of its environment once it is approved, beside the image; until then the environment stays as it is. */
export interface HeldChange {
  readonly config?: ConfigChange;
  readonly formation?: Formation;
}

interface OfDeployment {
  readonly id: string;
  readonly environmentId: string;
}

/** Keeps, sealed, what deployments are to change that wait for approval: their values may be secrets. */
@Injectable()
export class HeldChanges {
  constructor(
    private readonly box: SecretBox,
    private readonly snapshots: ConfigSnapshots,
  ) {}

  async keep(manager: EntityManager, deployment: OfDeployment, change: HeldChange | null): Promise<void> {
    const sealed = change && this.box.seal(JSON.stringify(change), contextOf(deployment));
    await manager.query('insert into approvals (deployment_id, change_encrypted) values ($1, $2)', [deployment.id, sealed]);
  }

  async read(manager: EntityManager, deployment: OfDeployment): Promise<HeldChange> {
    const [row]: { change_encrypted: string | null }[] = await manager.query('select change_encrypted from approvals where deployment_id = $1', [deployment.id]);
    return row?.change_encrypted ? (JSON.parse(this.box.open(row.change_encrypted, contextOf(deployment))) as HeldChange) : {};
  }

  /** Of one that will not be decided on. */
  async drop(manager: EntityManager, deploymentId: string): Promise<void> {
    await manager.query('update approvals set change_encrypted = null where deployment_id = $1', [deploymentId]);
  }

  /** Puts it into the environment as it is now, which the caller holds: what others changed meanwhile stays. */
  async apply(manager: EntityManager, { id, formation }: Pick<Environment, 'id' | 'formation'>, change: HeldChange): Promise<void> {
    if (change.config) await this.snapshots.change(manager, id, await configOf(manager, id), change.config);
    if (change.formation) await manager.update(Environment, { id }, { formation: { ...formation, ...change.formation } });
  }
}

/** Binds a held change to its place. */
function contextOf({ id, environmentId }: OfDeployment): string {
  return `${environmentId}/deployments/${id}`;
}
