import type { Robot, User } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { findPerson, teamsByUser, usersMatching } from './find-person';

const at = '2026-01-01T00:00:00.000Z';
const ada: User = { id: 'ada', email: 'Ada@example.com', name: 'Ada', role: 'viewer', state: 'active', createdAt: at, lastSeenAt: null, secondFactor: false };
const robot = (id: string, name: string, app: string | null): Robot => ({ id, name, app, role: 'member', createdAt: at });

describe('whom somebody means', () => {
  it('is a user by e-mail address, whatever its case, or a robot of the platform by name', () => {
    const robots = [robot('of-app', 'ci', 'shop'), robot('ci', 'CI', null)];
    expect(findPerson(' ada@EXAMPLE.com ', [ada], robots)).toBe('ada');
    expect(findPerson('ci', [ada], robots)).toBe('ci');
  });

  it('is nobody by a name of their own, nor a robot of an app, which is in no team', () => {
    expect(findPerson('Ada', [ada], [])).toBeUndefined();
    expect(findPerson('ci', [ada], [robot('of-app', 'ci', 'shop')])).toBeUndefined();
    expect(findPerson('', [ada], [])).toBeUndefined();
  });
});

describe('users who are sought', () => {
  const max: User = { ...ada, id: 'max', email: 'max@example.com', name: 'Max Born', role: 'developer', state: 'disabled', secondFactor: true };
  const sought = (typed: string) => usersMatching(typed, [ada, max], new Map([['ada', ['crew']]])).map(({ id }) => id);

  it('have each word somewhere, whatever its case', () => {
    expect(sought('BORN max')).toEqual(['max']);
    expect(sought('example.com')).toEqual(['ada', 'max']);
    expect(sought('crew')).toEqual(['ada']);
    expect(sought('disabled developer')).toEqual(['max']);
    expect(sought('second factor')).toEqual(['max']);
    expect(sought('crew max')).toEqual([]);
  });
});

describe('the teams of users', () => {
  it('are told of each, and of nobody who is in none', () => {
    const teams = teamsByUser([{ name: 'crew', users: [{ id: 'ada' }, { id: 'max' }] }, { name: 'night', users: [{ id: 'ada' }] }]);
    expect(teams.get('ada')).toEqual(['crew', 'night']);
    expect(teams.get('max')).toEqual(['crew']);
    expect(teams.get('vera')).toBeUndefined();
  });
});
