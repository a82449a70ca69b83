import { Injectable } from '@nestjs/common';
import type { App as AppView } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { noSuchApp } from '../access/decision.js';
import { Addresses } from '../addresses.js';
import { App } from './app.entity.js';
import { EnvironmentSummaries } from './environment-summaries.js';

/** Finds apps and shows them. */
@Injectable()
export class AppsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly addresses: Addresses,
    private readonly summaries: EnvironmentSummaries,
  ) {}

  async findByName(name: string, manager: EntityManager = this.dataSource.manager): Promise<App> {
    const app = await manager.findOneBy(App, { name, deletedAt: IsNull() });
    if (!app) throw noSuchApp(name);
    return app;
  }

  /** Ordered by name, after the app `after`; `limit` and one more. @param ids the apps to choose from; null for all */
  async list(ids: readonly string[] | null, after: string | null, limit: number): Promise<App[]> {
    const query = this.dataSource.manager.createQueryBuilder(App, 'app').where('app.deleted_at is null');
    if (ids !== null) query.andWhere('app.id = any(:ids)', { ids });
    if (after !== null) query.andWhere('app.name > :after', { after });
    return await query.orderBy('app.name').limit(limit + 1).getMany();
  }

  /** What the API shows of apps, by id; two queries for any number of them. */
  async views(apps: readonly App[]): Promise<Map<string, AppView>> {
    const summaries = await this.summaries.ofApps(apps);
    return new Map(apps.map((app) => [app.id, this.viewOf(app, summaries.get(app.id) ?? [])]));
  }

  async view(app: App): Promise<AppView> {
    const summaries = await this.summaries.ofApps([app]);
    return this.viewOf(app, summaries.get(app.id) ?? []);
  }

  private viewOf(app: App, environments: AppView['environments']): AppView {
    return {
      id: app.id,
      name: app.name,
      deployBranch: app.deployBranch,
      gitHttpUrl: this.addresses.gitHttp(app.name),
      gitSshUrl: this.addresses.gitSsh(app.name),
      imageRepository: this.addresses.imageRepository(app.name),
      createdBy: app.createdBy,
      createdAt: app.createdAt.toISOString(),
      environments,
    };
  }
}
