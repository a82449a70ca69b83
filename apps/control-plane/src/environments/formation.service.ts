import { Injectable } from '@nestjs/common';
import { AppError, type Formation } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { AuditService } from '../audit/audit.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Environment } from './environment.entity.js';
import { EnvironmentsService } from './environments.service.js';
import { requireNoneOnItsWay, waitsForApproval } from './protection.js';

export interface Scaled {
  readonly formation: Formation;
  readonly deploymentId: string | null;
}

/** How many instances of each process type an environment has. */
@Injectable()
export class FormationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly environments: EnvironmentsService,
    private readonly releases: ReleasesService,
    private readonly deployments: DeploymentsService,
    private readonly audit: AuditService,
  ) {}

  async read(appName: string, environmentName: string): Promise<Formation> {
    const { environment } = await this.environments.find(appName, environmentName);
    return await this.formationOf(this.dataSource.manager, environment);
  }

  /** Process types that are not named stay as they are. */
  async scale(appName: string, environmentName: string, wished: Formation, caller: Caller): Promise<Scaled> {
    return await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, environmentName);
      const before = await this.formationOf(manager, environment);
      refuseUnknown(wished, environment.liveReleaseId === null ? null : Object.keys(before));
      const formation = { ...before, ...wished };
      if (Object.entries(wished).every(([type, count]) => before[type] === count)) return { formation, deploymentId: null };
      if (environment.liveReleaseId !== null && waitsForApproval(environment, caller)) {
        return { formation: before, deploymentId: await this.deployments.deployChange(manager, environment, 'scale', caller, { formation: wished }) };
      }
      await requireNoneOnItsWay(manager, environment, caller);
      await manager.update(Environment, { id: environment.id }, { formation: { ...environment.formation, ...wished } });
      await this.audit.record(manager, caller, { action: 'formation.changed', target: `${appName}/${environmentName}`, appId: app.id, before, after: formation });
      return { formation, deploymentId: await this.deployments.deployChange(manager, environment, 'scale', caller) };
    });
  }

  /** Where a release is live: its process types, as they are wished now. Before that, only what was wished. */
  private async formationOf(manager: EntityManager, environment: Environment): Promise<Formation> {
    if (environment.liveReleaseId === null) return environment.formation;
    const { formation } = await this.releases.find(manager, environment.liveReleaseId);
    return Object.fromEntries(Object.entries(formation).map(([type, count]) => [type, environment.formation[type] ?? count]));
  }
}

/** @param known process types of the live release; null where nothing is live and so nothing known */
function refuseUnknown(wished: Formation, known: readonly string[] | null): void {
  const errors = Object.keys(wished).flatMap((type) => {
    if (type === 'release') return [{ path: type, message: 'runs once before each release and cannot be scaled' }];
    if (known === null || known.includes(type)) return [];
    return [{ path: type, message: `is not a process type of the live release, which has ${known.join(', ')}` }];
  });
  if (errors.length === 0) return;
  throw new AppError('invalid_input', { detail: `Correct this and try again: ${errors.map(({ path, message }) => `${path} ${message}`).join('; ')}.`, errors });
}
