import { type Right, TokenRight } from '@molo/contracts';
import type { Caller } from './caller.js';

/* Who may do what, where only the caller has to be looked at. */

/** Their role on the platform counts on every app, and the role on the app adds to it. */
export function mayOnApp({ rights, apps }: Caller, right: TokenRight, app: string): boolean {
  return rights.includes(right) || apps.get(app)?.rights.includes(right) === true;
}

/** Whoever may do something with an app sees that it is there; for all others it does not exist. */
export function maySeeApp(caller: Caller, app: string): boolean {
  return TokenRight.options.some((right) => mayOnApp(caller, right, app));
}

/** The ids of the apps that they have the right on; null for every app. */
export function appIdsWith({ rights, apps }: Caller, right: TokenRight): string[] | null {
  return rights.includes(right) ? null : [...apps.values()].filter((app) => app.rights.includes(right)).map(({ id }) => id);
}

/** Whether there is anything that they have the right on. Whoever may read at all may ask what there is to read, be it nothing. */
export function mayAnywhere(caller: Caller, right: Right): boolean {
  if (right === 'public' || right === 'any' || caller.rights.includes(right)) return caller.rights.includes(right);
  return caller.limit.includes(right) && (right === 'read' || appIdsWith(caller, right)?.length !== 0);
}
