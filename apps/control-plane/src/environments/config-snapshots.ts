import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { SecretBox } from '../secrets/secret-box.js';
import { ConfigVar } from './config-var.entity.js';

/** An environment's config at one moment: values in the clear, so it never leaves the process unsealed. */
export type ConfigSnapshot = Record<string, { value: string; secret: boolean }>;

export interface ConfigChange {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  /** The values of `set` are never shown again. What was a secret stays one. */
  readonly secret: boolean;
}

/** The config as a change leaves it. */
export function changed(snapshot: ConfigSnapshot, { set, unset, secret }: ConfigChange): ConfigSnapshot {
  const left = Object.entries(snapshot).filter(([key]) => !unset.includes(key));
  const added = Object.entries(set).map(([key, value]) => [key, { value, secret: secret || snapshot[key]?.secret === true }] as const);
  return Object.fromEntries([...left, ...added]);
}

/** Whether each key was there, and as what; never its value. */
export function hiddenConfig(keys: readonly string[], vars: readonly { key: string; secret: boolean }[]): Record<string, string | null> {
  const known = new Map(vars.map(({ key, secret }) => [key, secret ? '(secret)' : '(hidden)']));
  return Object.fromEntries(keys.map((key) => [key, known.get(key) ?? null]));
}

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

const writeVars = `insert into config_vars (environment_id, key, value_encrypted, secret, updated_at)
  select $1, key, "valueEncrypted", secret, $3 from jsonb_to_recordset($2) as v (key text, "valueEncrypted" text, secret boolean)
  on conflict (environment_id, key) do update set value_encrypted = excluded.value_encrypted, secret = excluded.secret, updated_at = excluded.updated_at`;

/** Takes an environment's config as a whole, and puts it back as a whole or in part. */
@Injectable()
export class ConfigSnapshots {
  constructor(private readonly box: SecretBox) {}

  async take(manager: EntityManager, environmentId: string): Promise<ConfigSnapshot> {
    const vars = await configOf(manager, environmentId);
    return Object.fromEntries(
      vars.map(({ key, valueEncrypted, secret }) => [key, { value: this.box.open(valueEncrypted, contextOf(environmentId, key)), secret }]),
    );
  }

  /** Of an environment that the caller holds. @returns what is there then */
  async change(manager: EntityManager, environmentId: string, before: readonly ConfigVar[], change: ConfigChange): Promise<ConfigVar[]> {
    const secrets = new Set(before.filter(({ secret }) => secret).map(({ key }) => key));
    const updatedAt = new Date();
    const vars = Object.entries(change.set).map(([key, value]) => ({
      environmentId,
      key,
      valueEncrypted: this.box.seal(value, contextOf(environmentId, key)),
      secret: change.secret || secrets.has(key),
      updatedAt,
    }));
    if (change.unset.length > 0) await manager.delete(ConfigVar, { environmentId, key: In([...change.unset]) });
    if (vars.length > 0) await manager.query(writeVars, [environmentId, JSON.stringify(vars), updatedAt]);
    const replaced = new Set([...change.unset, ...vars.map(({ key }) => key)]);
    return [...before.filter(({ key }) => !replaced.has(key)), ...vars];
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
