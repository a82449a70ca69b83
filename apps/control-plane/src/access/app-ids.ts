import type { EntityManager } from 'typeorm';
import { noSuchApp } from './decision.js';

/* What access knows of apps: names, which people say, and ids, which roles and tokens hold. Those that were deleted are none. */

interface AppId {
  readonly id: string;
  readonly name: string;
}

/** Throws `not_found`. @param lock with it the app is not deleted before the transaction ends */
export async function appIdOf(manager: EntityManager, name: string, lock: '' | 'for key share' = ''): Promise<string> {
  const [found]: AppId[] = await manager.query(`select id, name from apps where name = $1 and deleted_at is null ${lock}`, [name]);
  if (!found) throw noSuchApp(name);
  return found.id;
}

/** Throws `not_found` for the first that is missing. */
export async function appIdsOf(manager: EntityManager, names: readonly string[]): Promise<string[]> {
  const apps: AppId[] = await manager.query('select id, name from apps where name = any($1) and deleted_at is null', [names]);
  const missing = names.find((name) => !apps.some((app) => app.name === name));
  if (missing !== undefined) throw noSuchApp(missing);
  return apps.map(({ id }) => id);
}

/** Those of the ids that are there, by name. */
export async function appsWithIds(manager: EntityManager, ids: readonly string[]): Promise<AppId[]> {
  return ids.length === 0 ? [] : await manager.query('select id, name from apps where id = any($1) and deleted_at is null order by name', [ids]);
}
