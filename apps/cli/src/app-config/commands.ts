import type { Command } from 'commander';
import { aboutEnvironment, asJson, examples, following, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';

export function addConfigCommands(program: Command): void {
  const config = examples(
    asJson(aboutEnvironment(program.command('config')))
      .description('list config; also: get, set, unset')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./app-config.js')).listConfig)),
    'molo config --app myapp',
    'molo config set GREETING=hello',
  );
  examples(
    asJson(aboutEnvironment(config.command('list'))).description('list config').action(runs(async () => (await import('./app-config.js')).listConfig)),
    'molo config list --app myapp --json',
  );
  examples(
    asJson(aboutEnvironment(offers(config.command('get <key>'), { key: 'configKeys' })))
      .description('print one value')
      .action(runs(async () => (await import('./app-config.js')).getConfig)),
    'GREETING=$(molo config get GREETING)',
  );
  examples(
    following(offers(config.command('set <assignments...>'), { assignments: 'assignments' }))
      .summary('set config')
      .description(
        'Set config. Where a release is live this makes and deploys a new one, without a build. A KEY with no =value\nis asked for, or read from stdin: so a secret stays out of the history of your shell.',
      )
      .option('--secret', 'the values are secrets: never shown again')
      .action(runs(async () => (await import('./app-config.js')).setConfig)),
    'molo config set GREETING=hello LOG_LEVEL=info',
    'molo config set --secret DATABASE_PASSWORD < password-file',
  );
  examples(
    following(offers(config.command('unset <keys...>'), { keys: 'configKeys' }))
      .description('unset config')
      .action(runs(async () => (await import('./app-config.js')).unsetConfig)),
    'molo config unset GREETING LOG_LEVEL',
  );
}
