import type { Me, Member } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { listOf, person, shown } from '../testing/shown';
import { MembersSection } from './members-section';

const at = '2020-05-03T00:00:00.000Z';
const ada: Member = { id: '1', kind: 'user', holderId: 'ada', name: 'Ada', email: 'ada@example.com', role: 'admin', since: at };
const crew: Member = { id: '2', kind: 'team', holderId: 'crew', name: 'crew', email: null, role: 'developer', since: at };
const ci: Member = { id: '3', kind: 'robot', holderId: 'ci', name: 'ci', email: null, role: 'developer', since: at };
const teams = [{ id: 'crew', name: 'crew', createdAt: at, users: [{ id: 'ada', name: 'Ada', email: 'ada@example.com' }, { id: 'max', name: 'Max', email: 'max@example.com' }] }];

function section(me: Me, members: readonly Member[] = [ada, crew]): string {
  return shown(<MembersSection app="shop" />, { me, known: [[['people', 'members', 'shop'], listOf(members)], [['people', 'all-teams'], me.rights.includes('read') ? teams : undefined]] });
}

describe('the people of an app', () => {
  it('are shown with their role and why they have it: themselves, by a team, or both', () => {
    const [first, second, ...reached] = section(person(['any', 'read'])).split('<li').slice(1);
    expect(first).toMatch(/Ada.*>admin<.*Directly.*Also developer through crew/s);
    expect(second).toMatch(/crew.*>developer<.*To each in the team/s);
    expect(reached).toEqual([expect.stringMatching(/Ada.*developer through crew, admin directly/s), expect.stringMatching(/Max.*developer through crew/s)]);
    expect(reached[1]).not.toContain('directly');
  });

  it('are changed by the admins of this app and by sysadmins, and by no one else', () => {
    const offers = (me: Me) => [section(me).includes('Give a role'), section(me).includes('What to do with Ada')];
    expect(offers(person(['any', 'read', 'deploy', 'administer']))).toEqual([true, true]);
    expect(offers(person(['any'], [{ name: 'shop', rights: ['read', 'deploy', 'administer'] }]))).toEqual([true, true]);
    expect(offers(person(['any', 'read', 'deploy']))).toEqual([false, false]);
    expect(offers(person(['any', 'read'], [{ name: 'blog', rights: ['read', 'deploy', 'administer'] }]))).toEqual([false, false]);
  });

  it('that are robots have a menu that opens once it is known whose robots they are', () => {
    const me = person(['any'], [{ name: 'shop', rights: ['read', 'deploy', 'administer'] }]);
    const drawn = (...robots: unknown[]) => shown(<MembersSection app="shop" />, { me, known: [[['people', 'members', 'shop'], listOf([ci])], ...robots.map((all) => [['people', 'all-robots'], all] as const)] });
    expect(drawn()).toContain('aria-disabled="true"');
    expect(drawn()).not.toContain('Take the role away');
    expect(drawn([{ id: 'ci', name: 'ci', app: 'shop', role: 'member', createdAt: at }])).toMatch(/popovertarget.*Remove the robot/is);
  });

  it('say that nobody has a role, and what one would be for', () => {
    expect(section(person(['any', 'read']), [])).toContain('Nobody has a role on this app alone');
  });
});
