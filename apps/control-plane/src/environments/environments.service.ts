import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager, In, IsNull } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Addresses } from '../addresses.js';
import { App } from '../apps/app.entity.js';
import { AppsService } from '../apps/apps.service.js';
import { Domain } from './domain.entity.js';
import { Environment } from './environment.entity.js';
import { requireMayRemove } from './protection.js';

export interface AppEnvironment {
  readonly app: App;
  readonly environment: Environment;
}

interface Found {
  readonly app: Omit<App, 'createdAt'>;
  readonly environment: Omit<Environment, 'createdAt'>;
  readonly appCreatedAt: Date;
  readonly createdAt: Date;
}

const named = `from environments e join apps a on a.id = e.app_id where a.name = $1 and a.deleted_at is null and e.name = $2 and e.deleted_at is null`;

const findBoth = `select json_build_object('id', a.id, 'name', a.name, 'deployBranch', a.deploy_branch, 'createdBy', a.created_by, 'deletedAt', null) as app, a.created_at as "appCreatedAt",
  json_build_object('id', e.id, 'appId', e.app_id, 'name', e.name, 'protected', e.protected, 'formation', e.formation, 'releaseCount', e.release_count,
    'activeDeploymentId', e.active_deployment_id, 'liveReleaseId', e.live_release_id, 'servingDeploymentId', e.serving_deployment_id, 'deletedAt', null) as environment, e.created_at as "createdAt" ${named}`;

const lockBoth = `select 1 ${named} for no key update of e`;

/** Where apps run: finds environments, and knows their hosts. */
@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly apps: AppsService,
    private readonly addresses: Addresses,
  ) {}

  async find(appName: string, environmentName: string, manager: EntityManager = this.dataSource.manager): Promise<AppEnvironment> {
    const [found]: Found[] = await manager.query(findBoth, [appName, environmentName]);
    if (found) return { app: Object.assign(new App(), found.app, { createdAt: found.appCreatedAt }), environment: Object.assign(new Environment(), found.environment, { createdAt: found.createdAt }) };
    await this.apps.findByName(appName, manager);
    throw noSuchEnvironment(appName, environmentName);
  }

  /** Lets one change of an environment at a time go on, and reads what the one before left. */
  async lock(manager: EntityManager, appName: string, environmentName: string): Promise<AppEnvironment> {
    // Both go out at once; what is read is what was there once it was locked.
    const [, found] = await Promise.all([manager.query(lockBoth, [appName, environmentName]), this.find(appName, environmentName, manager)]);
    return found;
  }

  /** The newest last. */
  async namesOf(appId: string, manager: EntityManager = this.dataSource.manager): Promise<string[]> {
    return (await this.listOf(appId, manager)).map(({ name }) => name);
  }

  /** The newest last. */
  async listOf(appId: string, manager: EntityManager = this.dataSource.manager): Promise<Environment[]> {
    return await manager.find(Environment, { where: { appId, deletedAt: IsNull() }, order: { createdAt: 'ASC' } });
  }

  /** @returns its id */
  async create(manager: EntityManager, appId: string, name: string): Promise<string> {
    const id = randomUUID();
    await manager.insert(Environment, { id, appId, name, protected: false, formation: {}, releaseCount: 0 });
    return id;
  }

  /** All of an app, against every other change of them. @returns their ids */
  async lockAll(manager: EntityManager, appId: string): Promise<string[]> {
    const environments: { id: string }[] = await manager.query('select id from environments where app_id = $1 and deleted_at is null order by id for no key update', [appId]);
    return environments.map(({ id }) => id);
  }

  /** Every host that leads to an environment; the one that it has by itself first. */
  hosts(appName: string, environmentName: string, domains: readonly string[]): string[] {
    return [this.addresses.builtInHost(appName, environmentName), ...domains];
  }

  /** All of an app are held by the caller. Throws `forbidden` where one is protected from them. */
  async requireMayRemoveAll(manager: EntityManager, app: Pick<App, 'id' | 'name'>, caller: Caller): Promise<void> {
    requireMayRemove(await this.listOf(app.id, manager), app.name, caller);
  }

  /** Held by the caller. */
  async removeAll(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.update(Environment, { id: In([...ids]) }, { deletedAt: new Date() });
    await this.releaseDomains(manager, ids);
  }

  /** Frees the domains for other environments. */
  private async releaseDomains(manager: EntityManager, environmentIds: readonly string[]): Promise<void> {
    await manager.delete(Domain, { environmentId: In([...environmentIds]) });
  }
}

export function noSuchEnvironment(app: string, environment: string): AppError {
  return new AppError('not_found', { detail: `${app} has no environment ${environment}. "molo environments" lists those it has.` });
}
