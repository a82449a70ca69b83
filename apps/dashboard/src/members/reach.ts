import type { AppRole, Member, Team } from '@molo/contracts';

type TeamUser = Team['users'][number];

export interface RoleThroughTeam {
  readonly team: string;
  readonly role: AppRole;
}

/** What each has who is in a team with a role: that role, and the one that they were given themselves, where they were. */
export interface ReachedUser extends TeamUser {
  readonly direct: AppRole | null;
}

/** Robots have no e-mail address; of one name there is one that a team may have. */
function isSame(user: Pick<TeamUser, 'name' | 'email'>, member: Member): boolean {
  if (member.kind === 'team') return false;
  return user.email === null ? member.kind === 'robot' && member.name === user.name : member.email === user.email;
}

export function usersReached(team: Member, members: readonly Member[], teams: readonly Team[]): readonly ReachedUser[] {
  const users = teams.find(({ name }) => team.kind === 'team' && name === team.name)?.users ?? [];
  return users.map((user) => ({ ...user, direct: members.find((member) => isSame(user, member))?.role ?? null }));
}

/** The roles that a user or robot has besides the one that they were given themselves. */
export function rolesThroughTeams(member: Member, members: readonly Member[], teams: readonly Team[]): readonly RoleThroughTeam[] {
  return members.flatMap((other) => {
    const isIn = other.kind === 'team' && teams.some(({ name, users }) => name === other.name && users.some((user) => isSame(user, member)));
    return isIn ? [{ team: other.name, role: other.role }] : [];
  });
}
