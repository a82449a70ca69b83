import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, defaultEnvironment } from '@molo/contracts';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { actorOf, type Caller } from '../access/caller.js';
import { Revocations } from '../access/revocations.js';
import { RobotsService } from '../access/robots/robots.service.js';
import { AuditService } from '../audit/audit.service.js';
import { Notifications } from '../database/notifications.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { EnvironmentsService } from '../environments/environments.service.js';
import { Repositories } from '../git/repositories.js';
import { InstancesService } from '../instances/instances.service.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { FormerImages } from '../registry/former-images.js';
import { App } from './app.entity.js';
import { AppsService } from './apps.service.js';

/** Creates, changes and deletes apps. */
@Injectable()
export class AppChangesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly apps: AppsService,
    private readonly environments: EnvironmentsService,
    private readonly repositories: Repositories,
    private readonly formerImages: FormerImages,
    private readonly instances: InstancesService,
    private readonly deployments: DeploymentsService,
    private readonly desired: DesiredChanges,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly robots: RobotsService,
  ) {}

  async create(name: string, deployBranch: string, caller: Caller): Promise<App> {
    const app = await this.dataSource.transaction(async (manager) => {
      const created = await insertApp(manager, name, deployBranch, caller);
      const environmentId = await this.environments.create(manager, created.id, defaultEnvironment);
      await this.audit.record(manager, caller, { action: 'app.created', target: name, appId: created.id, after: { deployBranch } });
      await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
      // The ingress answers for the new host at once, with a page that says that nothing is deployed yet.
      await this.desired.routes(manager, [environmentId]);
      // An earlier app of this name may have left its repository behind, if its deletion was cut short.
      await this.repositories.remove(name);
      await this.formerImages.remove(manager, name);
      return created;
    });
    await this.repositories.create(name, deployBranch);
    return app;
  }

  async changeBranch(name: string, deployBranch: string, caller: Caller): Promise<App> {
    const app = await this.dataSource.transaction(async (manager) => {
      const before = await this.lock(manager, name);
      await this.refuseBranchOfEnvironment(before, deployBranch, manager);
      await this.refuseBranchInTheWay(before, deployBranch);
      await manager.update(App, { id: before.id }, { deployBranch });
      await this.audit.record(manager, caller, { action: 'app.changed', target: name, appId: before.id, before: { deployBranch: before.deployBranch }, after: { deployBranch } });
      await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app: name }));
      return manager.merge(App, before, { deployBranch });
    });
    await this.repositories.create(name, deployBranch);
    return app;
  }

  /** Its instances stop, its hosts lead nowhere, its name is free; the rows stay for the audit. */
  async delete(name: string, caller: Caller): Promise<void> {
    const environmentIds = await this.dataSource.transaction(async (manager) => {
      // As a push has them: the environment, then the app.
      const { id: appId } = await this.apps.findByName(name, manager);
      const ids = await this.environments.lockAll(manager, appId);
      const app = await this.lock(manager, name);
      const isChanged = app.id !== appId || (await this.environments.namesOf(appId, manager)).length !== ids.length;
      if (isChanged) throw new AppError('conflict', { detail: `${name} was made anew or got another environment meanwhile. Look at what is there, and try again.` });
      await this.environments.requireMayRemoveAll(manager, app, caller);
      await manager.update(App, { id: app.id }, { deletedAt: new Date() });
      for (const id of ids) await this.instances.stopAll(manager, id);
      await this.environments.removeAll(manager, ids);
      await this.desired.routes(manager, ids);
      await this.audit.record(manager, caller, { action: 'app.deleted', target: name, appId: app.id });
      await this.robots.removeAllOf(manager, app.id);
      // Its members are not those of the next app of this name.
      await this.revocations.announce(manager);
      await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
      return ids;
    });
    await this.deployments.cancelAllOf(environmentIds, caller);
    await this.repositories.remove(name);
  }

  /** A branch deploys one environment, and git keeps none below its name. */
  private async refuseBranchOfEnvironment({ id, name }: App, deployBranch: string, manager: EntityManager): Promise<void> {
    const [first = ''] = deployBranch.split('/');
    if (first === defaultEnvironment || !(await this.environments.namesOf(id, manager)).includes(first)) return;
    throw new AppError('conflict', { detail: `Pushes to ${first} deploy the environment ${first}. Take another branch, or remove that first: molo environments remove ${first} --app ${name}` });
  }

  /** Its pushes would go live, and their branch could not be kept. */
  private async refuseBranchInTheWay({ name, deployBranch: before }: App, deployBranch: string): Promise<void> {
    await this.repositories.create(name, before);
    const other = await this.repositories.branchInTheWay(name, deployBranch);
    if (other !== null) throw new AppError('conflict', { detail: `Git cannot keep ${deployBranch} beside the branch ${other}. Take another name, or delete that first: git push REMOTE :refs/heads/${other}` });
  }

  private async lock(manager: EntityManager, name: string): Promise<App> {
    const { id } = await this.apps.findByName(name, manager);
    await manager.query('select 1 from apps where id = $1 for update', [id]);
    return await this.apps.findByName(name, manager);
  }
}

const uniqueViolation = '23505';

async function insertApp(manager: EntityManager, name: string, deployBranch: string, caller: Caller): Promise<App> {
  const app = manager.create(App, { id: randomUUID(), name, deployBranch, createdBy: actorOf(caller), createdAt: new Date(), deletedAt: null });
  try {
    await manager.insert(App, app);
  } catch (error) {
    if (!(error instanceof QueryFailedError) || (error.driverError as { code?: string }).code !== uniqueViolation) throw error;
    throw new AppError('already_exists', { detail: `There is an app ${name} already. Take another name.`, cause: error });
  }
  return app;
}
