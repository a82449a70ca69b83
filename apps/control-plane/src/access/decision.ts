import { Injectable } from '@nestjs/common';
import { AppError, type Endpoint, Id, type TokenRight } from '@molo/contracts';
import { DataSource } from 'typeorm';
import type { Caller } from './caller.js';
import { mayAnywhere, mayOnApp, maySeeApp } from './rights.js';

/** What of an endpoint says who may call it. */
export type Asked = Pick<Endpoint, 'right' | 'on'>;

/**
 * The one place that decides whether a caller may do what an endpoint of the table does. Whoever has the right on the platform
 * has it on every app, so that nothing need be looked up for them; of all others the apps are known with the caller.
 */
@Injectable()
export class Decision {
  constructor(private readonly dataSource: DataSource) {}

  /** Throws `not_signed_in`, `forbidden`, or `not_found` for an app that the caller may not even see. @param params as the path has them */
  async require({ right, on }: Asked, params: Readonly<Record<string, unknown>>, caller: Caller): Promise<void> {
    if (right === 'public' || caller.rights.includes(right)) return;
    if (!caller.rights.includes('any')) throw new AppError('not_signed_in', { detail: 'Sign in, or send an API token as "Authorization: Bearer TOKEN".' });
    if (right === 'any' || on === 'platform') throw lacking(right);
    if (on === 'deployment') return await this.requireOnDeployment(String(params['deploymentId']), right, caller);
    if (on === 'robot') return await this.requireOnRobot(String(params['robotId']), right, caller);
    if (on === 'apps') {
      if (!mayAnywhere(caller, right)) throw lacking(right);
      return;
    }
    requireOnApp(String(params['app']), right, caller);
  }

  async requireOnDeployment(id: string, right: TokenRight, caller: Caller): Promise<void> {
    if (caller.rights.includes(right)) return;
    const app = await this.appOf(`deployments d join environments e on e.id = d.environment_id join apps a on a.id = e.app_id where d.id = $1`, id);
    if (app === null || !maySeeApp(caller, app)) throw new AppError('not_found', { detail: `There is no deployment ${id}. "molo deployments" lists those there are.` });
    requireOnApp(app, right, caller);
  }

  private async requireOnRobot(id: string, right: TokenRight, caller: Caller): Promise<void> {
    const app = await this.appOf(`users u join apps a on a.id = u.app_id where u.id = $1 and u.kind = 'robot'`, id);
    if (app === null || !maySeeApp(caller, app)) throw noSuchRobot(id);
    requireOnApp(app, right, caller);
  }

  /** @param from tells how the app is found by the id */
  private async appOf(from: string, id: string): Promise<string | null> {
    if (!Id.safeParse(id).success) return null;
    const [app]: { name: string }[] = await this.dataSource.query(`select a.name from ${from} and a.deleted_at is null`, [id]);
    return app?.name ?? null;
  }
}

/** Throws `forbidden`, or `not_found` where the caller may not even see the app. */
export function requireOnApp(app: string, right: TokenRight, caller: Caller): void {
  if (mayOnApp(caller, right, app)) return;
  throw maySeeApp(caller, app) ? lacking(right, app) : noSuchApp(app);
}

/** For what would give more than a token with fewer rights has, or is meant to. @param why begins the detail */
export function requireWhole({ isWhole }: Caller, why: string): void {
  if (!isWhole) throw new AppError('forbidden', { detail: `${why} Sign in, or use a token that has all rights.` });
}

export function noSuchRobot(id: string): AppError {
  return new AppError('not_found', { detail: `There is no robot ${id}. "molo robots" lists those there are.` });
}

export function noSuchApp(name: string): AppError {
  return new AppError('not_found', { detail: `There is no app ${name}. "molo apps" lists those there are.` });
}

function lacking(right: string, app?: string): AppError {
  const [on, whom] = app === undefined ? ['', 'a sysadmin'] : [` on ${app}`, 'an admin of the app or a sysadmin'];
  return new AppError('forbidden', { detail: `This needs the right to ${right}${on}. Ask ${whom}, or use a token that has it.` });
}
