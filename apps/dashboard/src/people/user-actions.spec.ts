import { describe, expect, it } from 'vitest';
import { actionsOn } from './user-actions';

describe('what is offered on a user', () => {
  const names = (state: 'active' | 'invited' | 'disabled', isMe = false, secondFactor = false) => actionsOn({ state, secondFactor }, isMe).map(({ action }) => action);

  it('is what their state allows: no sessions of who never signed in, no link for who is disabled', () => {
    expect(names('active')).toEqual(['change', 'sessions', 'renew', 'disable', 'remove']);
    expect(names('invited')).toEqual(['change', 'renew', 'disable', 'remove']);
    expect(names('disabled')).toEqual(['change', 'enable', 'remove']);
  });

  it('is to take the second factor of who has one, and not of themselves', () => {
    expect(names('active', false, true)).toContain('second-factor');
    expect(names('active', true, true)).not.toContain('second-factor');
  });

  it('is, of themselves, nothing that signs them out, disables or removes them', () => {
    expect(names('active', true)).toEqual(['change']);
  });
});
