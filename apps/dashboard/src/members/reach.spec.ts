import type { Member, Team } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { rolesThroughTeams, usersReached } from './reach';

const at = '2026-01-01T00:00:00.000Z';
const ada = { id: 'ada', name: 'Ada', email: 'ada@example.com' };
const max = { id: 'max', name: 'Max', email: 'max@example.com' };
const watcher = { id: 'watcher', name: 'watcher', email: null };
const crew: Team = { id: 'crew', name: 'crew', createdAt: at, users: [ada, max, watcher] };
const night: Team = { id: 'night', name: 'night', createdAt: at, users: [max] };

function member(kind: Member['kind'], name: string, role: Member['role'], email: string | null = null): Member {
  return { id: `${kind} ${name}`, kind, holderId: name.toLowerCase(), name, email, role, since: at };
}

const adaHerself = member('user', 'Ada', 'admin', 'ada@example.com');
const members = [member('team', 'crew', 'developer'), adaHerself, member('robot', 'watcher', 'viewer'), member('team', 'night', 'viewer')];

describe('why somebody has a role on an app', () => {
  it('is told of each user of a team, with the role that they were given themselves', () => {
    expect(usersReached(members[0]!, members, [crew, night])).toEqual([
      { ...ada, direct: 'admin' },
      { ...max, direct: null },
      { ...watcher, direct: 'viewer' },
    ]);
    expect(usersReached(member('team', 'gone', 'viewer'), members, [crew])).toEqual([]);
  });

  it('is told of each who was given one themselves, with those that come through teams', () => {
    expect(rolesThroughTeams(adaHerself, members, [crew, night])).toEqual([{ team: 'crew', role: 'developer' }]);
    expect(rolesThroughTeams(member('user', 'Max', 'viewer', 'max@example.com'), members, [crew, night])).toEqual([
      { team: 'crew', role: 'developer' },
      { team: 'night', role: 'viewer' },
    ]);
    expect(rolesThroughTeams(member('robot', 'watcher', 'viewer'), members, [crew])).toHaveLength(1);
  });

  it('tells an own robot of the app from the one of its name that is in the team, and a team that has no role from one that has', () => {
    const own: Member = { ...member('robot', 'watcher', 'admin'), id: 'own', holderId: 'own watcher' };
    expect(rolesThroughTeams(own, [own, ...members], [crew])).toEqual([]);
    expect(usersReached(members[0]!, [own, ...members], [crew]).find(({ id }) => id === 'watcher')?.direct).toBe('viewer');
    expect(rolesThroughTeams(adaHerself, [adaHerself], [crew])).toEqual([]);
  });
});
