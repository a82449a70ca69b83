import { type Actor, type Right, type Role, rightsByRole, TokenRight } from '@molo/contracts';

/** Who asks: authenticated at an edge (REST, git, owner's socket) and handed down to the services. */
export interface Caller {
  readonly kind: Actor['kind'];
  /** null for the machine's owner and for Molo itself. */
  readonly userId: string | null;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  /** What they may do on the platform, and so on every app. */
  readonly rights: readonly Right[];
  /** What they may do on single apps besides. */
  readonly apps: AppRights;
  /** The most that their credential allows, on whatever: a token may have less than its user. */
  readonly limit: readonly TokenRight[];
  /** The ids of the apps that their token is limited to; null where it is not. */
  readonly appLimit: readonly string[] | null;
  /** Whether that is all there is, so that it has no fewer rights than its user whatever roles they are given later. */
  readonly isWhole: boolean;
  /** When their token ends; null where it does not, and for all who come with none. */
  readonly until: Date | null;
  /** null where it is not a session by which they are signed in. */
  readonly sessionId: string | null;
  readonly ip: string | null;
}

/** By the app's name. */
export type AppRights = ReadonlyMap<string, { readonly id: string; readonly rights: readonly TokenRight[] }>;

export const noApps: AppRights = new Map();

/** Of whoever signs in with no token: a session, an SSH key, the owner's socket. */
export const unlimited: readonly TokenRight[] = TokenRight.options;

/** Molo itself, where no person asked. */
export const moloItself: Caller = {
  kind: 'molo',
  userId: null,
  name: 'molo',
  email: null,
  role: 'sysadmin',
  rights: ['any', 'read', 'deploy', 'administer'],
  apps: noApps,
  limit: unlimited,
  appLimit: null,
  isWhole: true,
  until: null,
  sessionId: null,
  ip: null,
};

export function actorOf(caller: Caller): Actor {
  return { kind: caller.kind, name: caller.name };
}

/** Whoever has not signed in. */
export const anonymous: Caller = { kind: 'user', userId: null, name: 'anonymous', email: null, role: 'member', rights: ['public'], apps: noApps, limit: [], appLimit: null, isWhole: false, until: null, sessionId: null, ip: null };

/** The owner of the machine, over the local socket or with an SSH key of their own. */
export function ownerOfMachine(ip: string | null = null): Caller {
  return { kind: 'owner', userId: null, name: 'owner', email: null, role: 'sysadmin', rights: rightsByRole.sysadmin, apps: noApps, limit: unlimited, appLimit: null, isWhole: true, until: null, sessionId: null, ip };
}
