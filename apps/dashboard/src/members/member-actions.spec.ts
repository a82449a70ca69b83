import type { Robot } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { actionsOn } from './member-actions';

const robot: Robot = { id: 'ci', name: 'ci', app: 'shop', role: 'member', createdAt: '2020-05-03T00:00:00.000Z' };
const names = (kind: 'user' | 'team' | 'robot', robots: readonly Robot[] | undefined) => actionsOn({ kind, holderId: 'ci' }, 'shop', robots).map(({ action }) => action);

describe('what is offered on a member', () => {
  it('is to take the role away of a user, a team and a robot of the platform', () => {
    expect(names('user', undefined)).toEqual(['change', 'take']);
    expect(names('team', undefined)).toEqual(['change', 'take']);
    expect(names('robot', [{ ...robot, app: null }])).toEqual(['change', 'take']);
  });

  it('is, of a robot that belongs to the app, its tokens and its removal and not to leave it without a role', () => {
    expect(names('robot', [robot])).toEqual(['change', 'tokens', 'remove']);
  });

  it('takes nothing away from a robot of which it is not known whose it is', () => {
    expect(names('robot', undefined)).toEqual(['change', 'ask']);
  });
});
