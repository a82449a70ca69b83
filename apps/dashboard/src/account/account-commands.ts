/** The commands that do what the account page does, as the `molo` program takes them. */
export const accountCommands = {
  secondFactor: () => 'molo second-factor',
  enableSecondFactor: () => 'molo second-factor enable',
  disableSecondFactor: () => 'molo second-factor disable',
  recoveryCodes: () => 'molo second-factor recovery-codes',
  password: ({ revokeTokens, removeKeys }: { readonly revokeTokens: boolean; readonly removeKeys: boolean }) => `molo password${revokeTokens ? ' --revoke-tokens' : ''}${removeKeys ? ' --remove-keys' : ''}`,
  sessions: () => 'molo sessions',
  endSessions: () => 'molo sessions end --all',
  /** The name is a word of a shell already. */
  createToken: (token: string, options = '') => `molo tokens create ${token}${options}`,
  sshKeys: () => 'molo keys add ~/.ssh/id_ed25519.pub',
} as const;
