import { describe, expect, it } from 'vitest';
import { commandWord, namedAs } from './named';

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
});
