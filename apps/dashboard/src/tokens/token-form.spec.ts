import { describe, expect, it } from 'vitest';
import { appsIn, commandOptions } from './token-form';

describe('the form of a token', () => {
  it('limits it to the apps named, and to none where none is', () => {
    expect(appsIn(' shop, blog  shop\n')).toEqual({ apps: ['shop', 'blog'] });
    expect(appsIn('  ')).toEqual({});
  });

  it('shows the command that makes the same', () => {
    const usual = { name: 'ci', rights: ['read', 'deploy'], expiresInDays: 365 } as const;
    expect(commandOptions({ ...usual, rights: [...usual.rights] })).toBe('');
    expect(commandOptions({ name: 'ci', rights: ['read'], apps: ['shop', '$x'], expiresInDays: 30 })).toBe(" --rights read --apps shop '$x' --expires 30");
    expect(commandOptions({ name: 'ci', rights: ['read', 'administer'], expiresInDays: null })).toBe(' --rights read administer --no-expires');
  });
});
