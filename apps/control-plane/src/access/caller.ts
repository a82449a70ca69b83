import type { Actor, Right, Role } from '@molo/contracts';

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
