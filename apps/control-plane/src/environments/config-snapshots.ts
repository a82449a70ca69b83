import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { SecretBox } from '../secrets/secret-box.js';
import { ConfigVar } from './config-var.entity.js';

/** An environment's config at one moment: values in the clear, so it never leaves the process unsealed. */
export type ConfigSnapshot = Record<string, { value: string; secret: boolean }>;

/** Binds a sealed value to its place. */
export function contextOf(environmentId: string, key: string): string {
  return `${environmentId}/${key}`;
}

/** As builds and instances get it. */
export function valuesOf(snapshot: ConfigSnapshot): Record<string, string> {
  return Object.fromEntries(Object.entries(snapshot).map(([key, { value }]) => [key, value]));
}

/** The config of an environment as it is stored, in the order of its keys. */
export async function configOf(manager: EntityManager, environmentId: string): Promise<ConfigVar[]> {
  return send(manager, findConfig, { environmentId });
}

const findConfig = new SetStatement<Pick<ConfigVar, 'environmentId'>, ConfigVar>(
  { environmentId: 'uuid' },
  `select n, c.environment_id as "environmentId", c.key, c.value_encrypted as "valueEncrypted", c.secret, c.updated_at as "updatedAt"
   from given join config_vars c on c.environment_id = given."environmentId" order by c.key`,
);

/** Takes an environment's config as a whole, and puts it back as a whole. */
@Injectable()
export class ConfigSnapshots {
  constructor(private readonly box: SecretBox) {}

  async take(manager: EntityManager, environmentId: string): Promise<ConfigSnapshot> {
    const vars = await configOf(manager, environmentId);
    return Object.fromEntries(
      vars.map(({ key, valueEncrypted, secret }) => [key, { value: this.box.open(valueEncrypted, contextOf(environmentId, key)), secret }]),
    );
  }

  /** What was there and is not in the snapshot goes. */
  async restore(manager: EntityManager, environmentId: string, snapshot: ConfigSnapshot): Promise<void> {
    await manager.delete(ConfigVar, { environmentId });
    const now = new Date();
    const vars = Object.entries(snapshot).map(([key, { value, secret }]) => ({
      environmentId,
      key,
      valueEncrypted: this.box.seal(value, contextOf(environmentId, key)),
      secret,
      updatedAt: now,
    }));
    if (vars.length > 0) await manager.insert(ConfigVar, vars);
  }
}
