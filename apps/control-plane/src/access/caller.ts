import { type Actor, type Right, type Role, rightsByRole } from '@molo/contracts';
import type { ApiToken } from './api-token.entity.js';
import type { User } from './user.entity.js';

/** Who asks: authenticated at an edge (REST, git, owner's socket) and handed down to the services. */
export interface Caller {
  readonly kind: Actor['kind'];
  /** null for the machine's owner and for Molo itself. */
  readonly userId: string | null;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  readonly rights: readonly Right[];
  readonly ip: string | null;
}

/** Molo itself, where no person asked. */
export const moloItself: Caller = {
  kind: 'molo',
  userId: null,
  name: 'molo',
  email: null,
  role: 'sysadmin',
  rights: ['any', 'read', 'deploy', 'administer'],
  ip: null,
};

export function actorOf(caller: Caller): Actor {
  return { kind: caller.kind, name: caller.name };
}

/** Whoever has not signed in. */
export const anonymous: Caller = { kind: 'user', userId: null, name: 'anonymous', email: null, role: 'viewer', rights: ['public'], ip: null };

/** The owner of the machine, over the local socket or with an SSH key of their own. */
export function ownerOfMachine(ip: string | null = null): Caller {
  return { kind: 'owner', userId: null, name: 'owner', email: null, role: 'sysadmin', rights: rightsByRole.sysadmin, ip };
}

export function userCaller(user: User, ip: string | null): Caller {
  return { kind: 'user', userId: user.id, name: user.name, email: user.email, role: user.role, rights: rightsByRole[user.role], ip };
}

/** A token has its own rights, as far as its user still has them. `user` is null for a token of the machine's owner. */
export function tokenCaller(token: ApiToken, user: User | null, ip: string | null): Caller {
  const role = user?.role ?? 'sysadmin';
  const held: readonly Right[] = rightsByRole[role];
  return {
    kind: 'token',
    userId: token.userId,
    name: `${token.name} of ${user?.name ?? 'owner'}`,
    email: user?.email ?? null,
    role,
    rights: ['any', ...token.rights.filter((right) => held.includes(right))],
    ip,
  };
}
