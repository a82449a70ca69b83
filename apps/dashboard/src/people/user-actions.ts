import type { User } from '@molo/contracts';

export type UserAction = 'change' | 'renew' | 'sessions' | 'disable' | 'enable' | 'second-factor' | 'remove';

interface ShownAction {
  readonly action: UserAction;
  readonly name: string;
  readonly danger?: boolean;
}

/** What a sysadmin may do with a user. With themselves less: their own sessions are on the account page, and who goes is let go by another. */
export function actionsOn({ state, secondFactor }: Pick<User, 'state' | 'secondFactor'>, isMe: boolean): readonly ShownAction[] {
  const change = { action: 'change', name: 'Change name or role' } as const;
  if (isMe) return [change];
  const remove = { action: 'remove', name: 'Remove', danger: true } as const;
  if (state === 'disabled') return [change, { action: 'enable', name: 'Enable' }, remove];
  if (state === 'invited') return [change, { action: 'renew', name: 'New invitation link' }, { action: 'disable', name: 'Disable' }, remove];
  return [change, { action: 'sessions', name: 'Sessions' }, { action: 'renew', name: 'New link for a lost password' }, ...(secondFactor === true ? ([{ action: 'second-factor', name: 'Take the second factor' }] as const) : []), { action: 'disable', name: 'Disable' }, remove];
}
