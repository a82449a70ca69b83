import type { Member } from '@molo/contracts';
import { shellWord } from '../text/shell-word';

/** How a member is named to the platform: one of the three. */
export type NamedMember = { readonly email: string } | { readonly team: string } | { readonly robot: string };

export function namedAs(kind: Member['kind'], name: string): NamedMember {
  if (kind === 'team') return { team: name };
  return kind === 'robot' ? { robot: name } : { email: name };
}

/** How a member is named to `molo members add`. */
export function commandWord(named: NamedMember): string {
  if ('team' in named) return `--team ${named.team === '' ? 'TEAM' : shellWord(named.team)}`;
  if ('robot' in named) return `--robot ${named.robot === '' ? 'ROBOT' : shellWord(named.robot)}`;
  return named.email === '' ? 'EMAIL' : shellWord(named.email);
}
