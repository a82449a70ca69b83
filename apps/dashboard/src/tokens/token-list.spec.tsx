import type { Token } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { listOf, person, shown } from '../testing/shown';
import type { TokenHolder } from './token-holder';
import { TokenList } from './token-list';

const at = '2020-05-03T00:00:00.000Z';
const token: Token = { id: '1', name: 'ci', rights: ['read'], apps: null, createdAt: at, expiresAt: null, lastUsedAt: null };
const notAsked = () => Promise.reject(new Error('not to be asked'));
const holder: TokenHolder = { queryKey: ['tokens'], list: notAsked, create: notAsked, revoke: notAsked, grantable: ['read'], limitable: true, command: () => '' };
const listed = (...tokens: Token[]) => shown(<TokenList holder={holder} none="Make one." />, { me: person(['any']), known: [[['tokens'], listOf(tokens)]] });

describe('tokens', () => {
  it('are told with their limits: the apps, and the end, also where it is past', () => {
    expect(listed({ ...token, apps: ['shop', 'blog'] })).toContain('Only for shop, blog');
    expect(listed(token)).not.toContain('Only for');
    expect(listed(token)).toContain('does not expire');
    expect(listed({ ...token, expiresAt: at })).toContain('expired ');
    expect(listed({ ...token, expiresAt: '2999-01-01T00:00:00.000Z' })).toContain('expires ');
  });

  it('whose apps are all gone are for none, and not for every app', () => {
    expect(listed({ ...token, apps: [] })).toContain('For no app any more');
  });

  it('that are none say what one is for', () => {
    expect(listed()).toContain('Make one.');
  });
});
