import { describe, expect, it } from 'vitest';
import { accountCommands } from './account-commands';
import { namedAll, signedOut } from './own-access';

describe('what ends with a password', () => {
  it('is named, as far as a few names say more than many', () => {
    expect(namedAll(['ci'], 'API token')).toBe('1 API token: ci');
    expect(namedAll(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 'SSH key')).toBe('8 SSH keys: a, b, c, d, e, f and 2 more');
    expect(namedAll([], 'SSH key')).toBe('There is no SSH key.');
  });

  it('is counted of browsers, where that is known', () => {
    expect([undefined, 0, 1, 2].map(signedOut)).toEqual(['Every browser but this one is signed out.', 'No other browser is signed in.', 'Every browser but this one is signed out: 1 session.', 'Every browser but this one is signed out: 2 sessions.']);
  });

  it('is asked for by the command as it is in the browser', () => {
    expect(accountCommands.password({ revokeTokens: false, removeKeys: false })).toBe('molo password');
    expect(accountCommands.password({ revokeTokens: true, removeKeys: true })).toBe('molo password --revoke-tokens --remove-keys');
  });
});
