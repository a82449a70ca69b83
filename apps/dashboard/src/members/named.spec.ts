import type { Member, Robot } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { commandWord, namedAs, nameAmong, nameOf } from './named';

describe('a member', () => {
  it('is named as one of the three', () => {
    expect(namedAs('user', 'ada@example.com')).toEqual({ email: 'ada@example.com' });
    expect(namedAs('team', 'crew')).toEqual({ team: 'crew' });
    expect(namedAs('robot', 'ci')).toEqual({ robot: 'ci' });
  });

  it('is shown in the command as a shell takes them, or what is to be typed there', () => {
    expect(commandWord(namedAs('user', 'ada@example.com'))).toBe('ada@example.com');
    expect(commandWord(namedAs('robot', 'our robot'))).toBe("--robot 'our robot'");
    expect(['user', 'team', 'robot'].map((kind) => commandWord(namedAs(kind as 'user', '')))).toEqual(['EMAIL', '--team TEAM', '--robot ROBOT']);
  });

  it('is shown by an id where its name means another too', () => {
    const at = '2020-05-03T00:00:00.000Z';
    const robot = (id: string, app: string | null): Robot => ({ id, name: 'ci', app, role: 'member', createdAt: at });
    const member = (id: string, kind: Member['kind'], email: string | null = null): Member => ({ id, kind, holderId: `of ${id}`, name: 'ci', email, role: 'viewer', since: at });
    expect(nameOf(member('1', 'robot'), [robot('of 1', null), robot('own', 'shop')])).toBe('of 1');
    expect(nameOf(member('1', 'robot'), [robot('of 1', null)])).toBe('ci');
    const [ofRobot, ofTeam, ofUser] = [member('1', 'robot'), member('2', 'team'), member('3', 'user', 'ci@example.com')] as const;
    expect([ofRobot, ofTeam, ofUser].map((each) => nameAmong(each, [ofRobot, ofTeam, ofUser]))).toEqual(['1', '2', 'ci@example.com']);
    expect(nameAmong(ofTeam, [ofTeam, ofUser])).toBe('ci');
  });
});
