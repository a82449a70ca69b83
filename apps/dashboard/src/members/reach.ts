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

export function usersReached(team: Member, members: readonly Member[], teams: readonly Team[]): readonly ReachedUser[] {
  const users = teams.find(({ id }) => id === team.holderId)?.users ?? [];
  return users.map((user) => ({ ...user, direct: members.find(({ holderId }) => holderId === user.id)?.role ?? null }));
}

/** The roles that a user or robot has besides the one that they were given themselves. */
export function rolesThroughTeams(member: Member, members: readonly Member[], teams: readonly Team[]): readonly RoleThroughTeam[] {
  return members.flatMap((other) => {
    const isIn = teams.some(({ id, users }) => id === other.holderId && users.some((user) => user.id === member.holderId));
    return isIn ? [{ team: other.name, role: other.role }] : [];
  });
}
