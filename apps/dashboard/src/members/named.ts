import type { Member, Robot } from '@molo/contracts';
import { robotName } from '../people/robot-name';
import { shellWord } from '../text/shell-word';

/** How a member is named to the platform: one of the three. */
export type NamedMember = { readonly email: string } | { readonly team: string } | { readonly robot: string };

export function namedAs(kind: Member['kind'], name: string): NamedMember {
  if (kind === 'team') return { team: name };
  return kind === 'robot' ? { robot: name } : { email: name };
}

/** What means this member and no other to `molo members add`. */
export function nameOf({ kind, holderId, name, email }: Member, robots: readonly Robot[] | undefined): string {
  return kind === 'robot' ? robotName({ id: holderId, name }, robots) : (email ?? name);
}

/** What means this one of the members to `molo members remove`: users by their address, teams and robots by a name that no other has. */
export function nameAmong({ id, name, email }: Member, members: readonly Member[]): string {
  const named = email ?? name;
  const isOnly = members.every((other) => other.id === id || (other.email ?? other.name).toLowerCase() !== named.toLowerCase());
  return isOnly && !named.startsWith('-') ? named : id;
}

/** How a member is named to `molo members add`. */
export function commandWord(named: NamedMember): string {
  if ('team' in named) return `--team ${named.team === '' ? 'TEAM' : shellWord(named.team)}`;
  if ('robot' in named) return `--robot ${named.robot === '' ? 'ROBOT' : shellWord(named.robot)}`;
  return named.email === '' ? 'EMAIL' : shellWord(named.email);
}
