/** The commands that do what the account page does, as the `molo` program takes them. */
export const accountCommands = {
  password: () => 'molo password',
  secondFactor: () => 'molo second-factor',
  enableSecondFactor: () => 'molo second-factor enable',
  disableSecondFactor: () => 'molo second-factor disable',
  recoveryCodes: () => 'molo second-factor recovery-codes',
  sessions: () => 'molo sessions',
  endSessions: () => 'molo sessions end --all',
  /** The name is a word of a shell already. */
  createToken: (token: string, options = '') => `molo tokens create ${token}${options}`,
  sshKeys: () => 'molo keys add ~/.ssh/id_ed25519.pub',
} as const;
