import type { AppRole, Role } from '@molo/contracts';
import { shellWord } from '../text/shell-word';

/** The commands that do what the pages of people do, as the `molo` program takes them. */
export const peopleCommands = {
  users: () => 'molo users',
  invite: (email: string, name: string, role: Role, days: number) => `molo users invite ${email === '' ? 'EMAIL' : shellWord(email)}${name === '' ? '' : ` --name ${shellWord(name)}`}${role === 'member' ? '' : ` --role ${role}`}${expiry(days)}`,
  inviteAgain: (email: string, days: number) => `molo users invite ${shellWord(email)} --again${expiry(days)}`,
  setRole: (email: string, role: Role) => `molo users set-role ${shellWord(email)} ${role}`,
  rename: (email: string, name: string) => `molo users rename ${shellWord(email)} ${shellWord(name)}`,
  disable: (email: string) => `molo users disable ${shellWord(email)}`,
  enable: (email: string) => `molo users enable ${shellWord(email)}`,
  removeUser: (email: string) => `molo users remove ${shellWord(email)}`,
  removeSecondFactor: (email: string) => `molo users remove-second-factor ${shellWord(email)}`,
  signOut: (email: string) => `molo users sign-out ${shellWord(email)}`,

  teams: () => 'molo teams',
  createTeam: (name: string) => `molo teams create ${name === '' ? 'NAME' : shellWord(name)}`,
  renameTeam: (team: string, name: string) => `molo teams rename ${team} ${name === '' ? 'NAME' : shellWord(name)}`,
  removeTeam: (team: string) => `molo teams remove ${team}`,

  robots: () => 'molo robots',
  createRobot: (name: string, role: Role | AppRole, app: string) => `molo robots create ${name === '' ? 'NAME' : shellWord(name)}${app === '' ? '' : ` --app ${shellWord(app)}`} --role ${role}`,
  removeRobot: (robot: string) => `molo robots remove ${shellWord(robot)}`,
  robotTokens: (robot: string) => `molo robots tokens ${shellWord(robot)}`,
  createRobotToken: (robot: string, token: string, options: string) => `molo robots create-token ${shellWord(robot)} ${token}${options}`,

  members: (app: string) => `molo members --app ${app}`,
  addMember: (app: string, who: string, role: AppRole) => `molo members add ${who} --role ${role} --app ${app}`,
  removeMember: (app: string, who: string) => `molo members remove ${shellWord(who)} --app ${app}`,
} as const;

function expiry(days: number): string {
  return days === 7 ? '' : ` --expires ${days}`;
}
