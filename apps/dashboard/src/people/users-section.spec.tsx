import type { User } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { listOf, person, shown } from '../testing/shown';
import { UsersSection } from './users-section';

const at = '2020-05-03T00:00:00.000Z';
const grace: User = { id: 'grace', email: 'GRACE@example.com', name: 'Grace', role: 'sysadmin', state: 'active', createdAt: at, lastSeenAt: at, secondFactor: false };
const ada: User = { id: 'ada', email: 'ada@example.com', name: 'Ada \u202egnp.exe', role: 'developer', state: 'invited', createdAt: at, lastSeenAt: null, secondFactor: false };
const known = (users: readonly User[], nextCursor: string | null = null) => [[['people', 'users'], listOf(users, nextCursor)], [['people', 'all-teams'], [{ name: 'crew', users: [{ id: 'ada' }] }]]] as const;

describe('the users', () => {
  it('are shown with role, teams, state and when they were last seen, and oneself as such', () => {
    const html = shown(<UsersSection />, { me: person(['any', 'read']), known: known([grace, ada]) });
    const [first, second] = html.split('<li').slice(1);
    expect(first).toMatch(/>you<.*>sysadmin<.*>active<.*seen/s);
    expect(second).toMatch(/ada@example\.com.*>developer<.*crew.*>invited</s);
    expect(second).not.toMatch(/>you<|seen/);
    expect(html).toContain('molo users');
  });

  it('are shown with a second factor, to whom that is told', () => {
    const html = (secondFactor: boolean | null) => shown(<UsersSection />, { me: person(['any', 'read']), known: known([{ ...grace, secondFactor }]) });
    expect([true, false, null].map((each) => html(each).includes('>second factor<'))).toEqual([true, false, false]);
  });

  it('are changed by sysadmins alone: nobody else is offered to', () => {
    const offers = (html: string) => [html.includes('Invite<'), html.includes('aria-label="What to do with Grace"')];
    expect(offers(shown(<UsersSection />, { me: person(['any', 'read', 'deploy', 'administer']), known: known([grace]) }))).toEqual([true, true]);
    expect(offers(shown(<UsersSection />, { me: person(['any', 'read', 'deploy'], [{ name: 'shop', rights: ['administer'] }]), known: known([grace]) }))).toEqual([false, false]);
  });

  it('hide and turn around no text by their names', () => {
    expect(shown(<UsersSection />, { me: person(['any', 'read']), known: known([ada]) })).not.toContain('\u202e');
  });

  it('go on by a button where there are more, and end without', () => {
    const more = (nextCursor: string | null) => shown(<UsersSection />, { me: person(['any', 'read']), known: known([grace], nextCursor) }).includes('Show more users');
    expect([more('next'), more(null)]).toEqual([true, false]);
  });

  it('are told to be loading, and not to be none, until they are there', () => {
    const html = shown(<UsersSection />, { me: person(['any', 'read']), known: [] });
    expect(html).toContain('Loading the users');
    expect(html).not.toContain('No user yet');
    expect(shown(<UsersSection />, { me: person(['any', 'read']), known: known([]) })).toContain('No user yet');
  });
});
