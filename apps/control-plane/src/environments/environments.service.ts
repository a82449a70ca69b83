import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager, In } from 'typeorm';
import { Addresses } from '../addresses.js';
import type { App } from '../apps/app.entity.js';
import { AppsService } from '../apps/apps.service.js';
import { Domain } from './domain.entity.js';
import { Environment } from './environment.entity.js';

export interface AppEnvironment {
  readonly app: App;
  readonly environment: Environment;
}

/** Where apps run: finds environments, and knows their hosts. */
@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly apps: AppsService,
    private readonly addresses: Addresses,
  ) {}

  async find(appName: string, environmentName: string, manager: EntityManager = this.dataSource.manager): Promise<AppEnvironment> {
    const app = await this.apps.findByName(appName, manager);
    const environment = await manager.findOneBy(Environment, { appId: app.id, name: environmentName });
    if (!environment) throw new AppError('not_found', { detail: `${appName} has no environment ${environmentName}.` });
    return { app, environment };
  }

  /** Lets one change of an environment at a time go on, and reads what the one before left. */
  async lock(manager: EntityManager, appName: string, environmentName: string): Promise<AppEnvironment> {
    const { environment } = await this.find(appName, environmentName, manager);
    await manager.query('select 1 from environments where id = $1 for no key update', [environment.id]);
    return await this.find(appName, environmentName, manager);
  }

  /** @returns its id */
  async create(manager: EntityManager, appId: string, name: string): Promise<string> {
    const id = randomUUID();
    await manager.insert(Environment, { id, appId, name, protected: false, formation: {}, releaseCount: 0 });
    return id;
  }

  /** All of an app, against every other change of them. @returns their ids */
  async lockAll(manager: EntityManager, appId: string): Promise<string[]> {
    const environments: { id: string }[] = await manager.query('select id from environments where app_id = $1 order by id for no key update', [appId]);
    return environments.map(({ id }) => id);
  }

  /** Every host that leads to an environment; the one that it has by itself first. */
  hosts(appName: string, environmentName: string, domains: readonly string[]): string[] {
    return [this.addresses.builtInHost(appName, environmentName), ...domains];
  }

  /** Frees the domains for other environments. */
  async releaseDomains(manager: EntityManager, environmentIds: readonly string[]): Promise<void> {
    await manager.delete(Domain, { environmentId: In([...environmentIds]) });
  }
}
