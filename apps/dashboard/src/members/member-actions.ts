import type { Member, Robot } from '@molo/contracts';

export type MemberAction = 'change' | 'take' | 'tokens' | 'remove' | 'ask';

interface ShownAction {
  readonly action: MemberAction;
  readonly name: string;
  readonly danger?: boolean;
}

/**
 * What an admin may do with a member of the app. A robot that belongs to it has its role here or none, and goes as a whole: of a
 * robot of which it is not known whose it is, the role is not offered to be taken away.
 */
export function actionsOn({ kind, holderId }: Pick<Member, 'kind' | 'holderId'>, app: string, robots: readonly Robot[] | undefined): readonly ShownAction[] {
  const change = { action: 'change', name: 'Change role' } as const;
  if (kind === 'robot' && robots === undefined) return [change, { action: 'ask', name: 'Look up what else' }];
  if (kind === 'robot' && ownRobot(holderId, app, robots) !== undefined) return [change, { action: 'tokens', name: 'Tokens' }, { action: 'remove', name: 'Remove the robot', danger: true }];
  return [change, { action: 'take', name: 'Take the role away', danger: true }];
}

export function ownRobot(id: string, app: string, robots: readonly Robot[] | undefined): Robot | undefined {
  return robots?.find((robot) => robot.app === app && robot.id === id);
}
