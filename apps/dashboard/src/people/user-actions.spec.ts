import { describe, expect, it } from 'vitest';
import { actionsOn } from './user-actions';

describe('what is offered on a user', () => {
  const names = (state: 'active' | 'invited' | 'disabled', isMe = false) => actionsOn({ state }, isMe).map(({ action }) => action);

  it('is what their state allows: no sessions of who never signed in, no link for who is disabled', () => {
    expect(names('active')).toEqual(['change', 'sessions', 'renew', 'disable', 'remove']);
    expect(names('invited')).toEqual(['change', 'renew', 'disable', 'remove']);
    expect(names('disabled')).toEqual(['change', 'enable', 'remove']);
  });

  it('is, of themselves, nothing that signs them out, disables or removes them', () => {
    expect(names('active', true)).toEqual(['change']);
  });
});
