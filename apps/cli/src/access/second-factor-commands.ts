import type { Command } from 'commander';
import { asJson, examples, runs, runsAlone } from '../action.js';

export function addSecondFactorCommands(program: Command): void {
  const secondFactor = examples(
    asJson(program.command('second-factor'))
      .description('show whether you sign in with a code besides the password; also: enable, disable, recovery-codes')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./second-factor.js')).showSecondFactor)),
    'molo second-factor',
    'molo second-factor enable',
  );
  examples(
    asJson(secondFactor.command('show')).description('show whether you sign in with a code besides the password').action(runs(async () => (await import('./second-factor.js')).showSecondFactor)),
    'molo second-factor show --json',
  );
  examples(
    asJson(secondFactor.command('enable'))
      .summary('sign in with a code besides the password')
      .description('Sign in with a code besides the password, from an authenticator app (TOTP). Shows the secret to scan or type in, asks\nfor one code, and prints ten recovery codes, alone on stdout. API tokens and SSH keys are not asked for one.')
      .action(runs(async () => (await import('./second-factor.js')).enableSecondFactor)),
    'molo second-factor enable',
    'molo second-factor enable > recovery-codes',
  );
  examples(
    asJson(secondFactor.command('disable')).description('sign in with the password alone again').action(runs(async () => (await import('./second-factor.js')).disableSecondFactor)),
    'molo second-factor disable',
  );
  examples(
    asJson(secondFactor.command('recovery-codes')).description('make ten new recovery codes; the earlier ones end').action(runs(async () => (await import('./second-factor.js')).renewRecoveryCodes)),
    'molo second-factor recovery-codes > recovery-codes',
  );
}
