import { Injectable } from '@nestjs/common';
import { AppError, type ConfigEntry } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { AuditService } from '../audit/audit.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { SecretBox } from '../secrets/secret-box.js';
import { type ConfigChange, configOf, ConfigSnapshots, contextOf, hiddenConfig } from './config-snapshots.js';
import { ConfigVar } from './config-var.entity.js';
import { EnvironmentsService } from './environments.service.js';
import { requireNoneOnItsWay, waitsForApproval } from './protection.js';

export interface ConfigChanged {
  readonly items: ConfigEntry[];
  readonly deploymentId: string | null;
}

/** The config of environments. Every value is sealed in the database, whether it is called a secret or not. */
@Injectable()
export class ConfigService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly environments: EnvironmentsService,
    private readonly deployments: DeploymentsService,
    private readonly snapshots: ConfigSnapshots,
    private readonly secretBox: SecretBox,
    private readonly audit: AuditService,
  ) {}

  async list(appName: string, environmentName: string): Promise<ConfigEntry[]> {
    const { environment } = await this.environments.find(appName, environmentName);
    return await this.entries(this.dataSource.manager, environment.id);
  }

  async change(appName: string, environmentName: string, change: ConfigChange, caller: Caller): Promise<ConfigChanged> {
    refuseContradiction(change);
    return await this.dataSource.transaction(async (manager) => {
      const { app, environment } = await this.environments.lock(manager, appName, environmentName);
      const before = await configOf(manager, environment.id);
      const changedKeys = this.differences(before, change);
      if (changedKeys.length === 0) return { items: this.entriesOf(before), deploymentId: null };
      if (environment.liveReleaseId !== null && waitsForApproval(environment, caller)) {
        return { items: this.entriesOf(before), deploymentId: await this.deployments.deployChange(manager, environment, 'config', caller, { config: change }) };
      }
      await requireNoneOnItsWay(manager, environment, caller);
      const items = this.entriesOf(await this.snapshots.change(manager, environment.id, before, change));
      await this.audit.record(manager, caller, {
        action: 'config.changed',
        target: `${appName}/${environmentName}`,
        appId: app.id,
        before: hiddenConfig(changedKeys, before),
        after: hiddenConfig(changedKeys, items),
      });
      return { items, deploymentId: await this.deployments.deployChange(manager, environment, 'config', caller) };
    });
  }

  /** Keys that are not as the change wants them: setting what is there already deploys nothing. */
  private differences(before: readonly ConfigVar[], change: ConfigChange): string[] {
    const known = new Map(before.map((one) => [one.key, one]));
    const isNew = ([key, value]: [string, string]) => {
      const one = known.get(key);
      return one === undefined || this.open(one) !== value || (change.secret && !one.secret);
    };
    return [...Object.entries(change.set).filter(isNew).map(([key]) => key), ...change.unset.filter((key) => known.has(key))];
  }

  private async entries(manager: EntityManager, environmentId: string): Promise<ConfigEntry[]> {
    return this.entriesOf(await configOf(manager, environmentId));
  }

  private entriesOf(vars: readonly ConfigVar[]): ConfigEntry[] {
    return vars.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((one) => ({ key: one.key, secret: one.secret, value: one.secret ? null : this.open(one), updatedAt: one.updatedAt.toISOString() }));
  }

  private open({ environmentId, key, valueEncrypted }: ConfigVar): string {
    return this.secretBox.open(valueEncrypted, contextOf(environmentId, key));
  }
}

function refuseContradiction({ set, unset }: ConfigChange): void {
  const both = unset.filter((key) => Object.hasOwn(set, key));
  if (both.length === 0) return;
  const errors = both.map((key) => ({ path: `unset.${key}`, message: 'is in "set" too' }));
  throw new AppError('invalid_input', { detail: `Either set or unset ${both.join(', ')}, not both.`, errors });
}
