import { Injectable } from '@nestjs/common';
import { AppError, type Domain as DomainView } from '@molo/contracts';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Addresses } from '../addresses.js';
import { AuditService } from '../audit/audit.service.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { Domain } from './domain.entity.js';
import { EnvironmentsService } from './environments.service.js';
import { requireMayLead } from './protection.js';

/** Hosts that lead to an environment: the one that it has by itself, and those that people add. */
@Injectable()
export class DomainsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly environments: EnvironmentsService,
    private readonly addresses: Addresses,
    private readonly desired: DesiredChanges,
    private readonly audit: AuditService,
  ) {}

  async list(appName: string, environmentName: string): Promise<DomainView[]> {
    const { app, environment } = await this.environments.find(appName, environmentName);
    const domains = await this.dataSource.manager.find(Domain, { where: { environmentId: environment.id }, order: { host: 'ASC' } });
    const builtIn = { host: this.addresses.builtInHost(app.name, environment.name), builtIn: true, createdAt: environment.createdAt.toISOString() };
    return [builtIn, ...domains.map(viewOf)];
  }

  /** Added already is done; taken by another environment is `already_exists`. */
  async add(appName: string, environmentName: string, host: string, caller: Caller): Promise<DomainView> {
    if (isAddress(host)) throw refuse(host, 'is an IP address, under which the platform itself answers');
    if (this.addresses.isUnderPlatform(host)) throw refuse(host, "is under the platform's own domain, whose names Molo gives out itself");
    return await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, environmentName);
      requireMayLead(environment, app.name, caller);
      const added: unknown[] = await manager.query('insert into domains (host, environment_id) values ($1, $2) on conflict do nothing returning host', [host, environment.id]);
      const domain = await manager.findOneByOrFail(Domain, { host });
      if (domain.environmentId !== environment.id) throw new AppError('already_exists', { detail: `${host} leads to another environment already. Remove it there first.` });
      if (added.length > 0) {
        await this.desired.routes(manager, [environment.id]);
        await this.audit.record(manager, caller, { action: 'domain.added', target: `${appName}/${environmentName}`, appId: app.id, after: { host } });
      }
      return viewOf(domain);
    });
  }

  async remove(appName: string, environmentName: string, host: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, environmentName);
      requireMayLead(environment, app.name, caller);
      if (host === this.addresses.builtInHost(app.name, environment.name)) {
        throw new AppError('conflict', { detail: `${host} belongs to the environment itself and cannot be removed.` });
      }
      const { affected } = await manager.delete(Domain, { host, environmentId: environment.id });
      if (!affected) throw new AppError('not_found', { detail: `${host} is not a domain of ${appName}/${environmentName}.` });
      await this.desired.routes(manager, [environment.id]);
      await this.audit.record(manager, caller, { action: 'domain.removed', target: `${appName}/${environmentName}`, appId: app.id, before: { host } });
    });
  }
}

/** A host whose last label is a number is an IPv4 address to every browser ("ends in a number" of the URL standard), or no host at all. */
function isAddress(host: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(host);
}

function refuse(host: string, why: string): AppError {
  return new AppError('invalid_input', { detail: `${host} ${why}. Take a domain of your own, such as shop.example.com.`, errors: [{ path: 'host', message: why }] });
}

function viewOf(domain: Domain): DomainView {
  return { host: domain.host, builtIn: false, createdAt: domain.createdAt.toISOString() };
}
