import { Injectable } from '@nestjs/common';
import { AppError, defaultEnvironment } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import type { App } from '../apps/app.entity.js';
import { AppsService } from '../apps/apps.service.js';
import { AuditService } from '../audit/audit.service.js';
import { Notifications } from '../database/notifications.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { Repositories } from '../git/repositories.js';
import { InstancesService } from '../instances/instances.service.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { Environment } from './environment.entity.js';
import { EnvironmentsService } from './environments.service.js';
import { requireMayRemove } from './protection.js';

/** Each has its network and its place in every list of the app. */
const mostEnvironments = 20;

/** Makes, protects and removes the environments of an app; `production` comes and goes with the app itself. */
@Injectable()
export class EnvironmentChangesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly apps: AppsService,
    private readonly environments: EnvironmentsService,
    private readonly repositories: Repositories,
    private readonly instances: InstancesService,
    private readonly deployments: DeploymentsService,
    private readonly desired: DesiredChanges,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
  ) {}

  async create(appName: string, name: string, caller: Caller): Promise<void> {
    refuseHost(appName, name);
    await this.dataSource.transaction(async (manager) => {
      const app = await this.lockApp(manager, appName);
      const names = await this.environments.namesOf(app.id, manager);
      if (names.includes(name)) throw new AppError('already_exists', { detail: `${appName} has an environment ${name} already. Take another name.` });
      if (names.length >= mostEnvironments) throw new AppError('conflict', { detail: `${appName} has ${mostEnvironments} environments, and more are not kept. Remove one first: molo environments remove NAME --app ${appName}` });
      await this.refuseBranch(app, name);
      const id = await this.environments.create(manager, app.id, name);
      // The ingress answers for the new host at once, with a page that says that nothing is deployed yet.
      await this.desired.routes(manager, [id]);
      await this.audit.record(manager, caller, { action: 'environment.created', target: `${appName}/${name}`, appId: app.id });
      await this.tell(manager, appName);
    });
  }

  /** Its instances stop, its hosts lead nowhere, its name is free; the rows stay for the audit. Who dies after the commit leaves its deployments to the sweeper. */
  async remove(appName: string, name: string, caller: Caller): Promise<void> {
    if (name === defaultEnvironment) throw new AppError('conflict', { detail: `${name} goes with its app alone: molo apps delete ${appName}` });
    const environmentId = await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, name);
      requireMayRemove([environment], appName, caller);
      await this.instances.stopAll(manager, environment.id);
      await this.environments.removeAll(manager, [environment.id]);
      await this.desired.routes(manager, [environment.id]);
      await this.audit.record(manager, caller, { action: 'environment.removed', target: `${appName}/${name}`, appId: app.id });
      await this.tell(manager, appName);
      return environment.id;
    });
    await this.deployments.cancelAllOf([environmentId], caller);
  }

  /** What waits for approval by then is decided on as before. */
  async protect(appName: string, name: string, isProtected: boolean, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, name);
      if (environment.protected === isProtected) return;
      await manager.update(Environment, { id: environment.id }, { protected: isProtected });
      const action = { action: 'environment.changed', target: `${appName}/${name}`, appId: app.id };
      await this.audit.record(manager, caller, { ...action, before: { protected: environment.protected }, after: { protected: isProtected } });
      await this.tell(manager, appName);
    });
  }

  /** Against its deletion, another branch that deploys, and another environment of this name. */
  private async lockApp(manager: EntityManager, name: string): Promise<App> {
    await manager.query('select 1 from apps where name = $1 and deleted_at is null for update', [name]);
    return await this.apps.findByName(name, manager);
  }

  /** Its branch is the one of its name: no other environment's, and one that git can keep beside those that are there. */
  private async refuseBranch({ name: appName, deployBranch }: App, name: string): Promise<void> {
    if (name === deployBranch) throw new AppError('conflict', { detail: `Pushes to ${name} deploy ${defaultEnvironment}. Take another name, or have another branch deploy it: molo apps set-branch BRANCH --app ${appName}` });
    if (deployBranch.startsWith(`${name}/`)) throw new AppError('conflict', { detail: `Its branch would be ${name}, which git cannot keep beside ${deployBranch}, the branch that deploys ${defaultEnvironment}. Take another name.` });
    await this.repositories.create(appName, deployBranch);
    const other = await this.repositories.branchInTheWay(appName, name);
    if (other !== null) throw new AppError('conflict', { detail: `Its branch would be ${name}, which git cannot keep beside the branch ${other}. Take another name, or delete that first: git push REMOTE :refs/heads/${other}` });
  }

  private async tell(manager: EntityManager, app: string): Promise<void> {
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app }));
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
  }
}

/** `xn--…` is what browsers take for a host in another script. */
function refuseHost(appName: string, name: string): void {
  if (appName === 'xn') throw new AppError('conflict', { detail: `The address of the environment would begin with xn--, which browsers read as another name. An app named xn has ${defaultEnvironment} alone; ${name} needs an app of another name.` });
}
