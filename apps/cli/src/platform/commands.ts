import type { Command } from 'commander';
import { aboutApp, asJson, examples, runs } from '../action.js';
import { listLimit } from '../arguments.js';

export function addPlatformCommands(program: Command): void {
  examples(
    asJson(program.command('status'))
      .description('show whether the platform and its parts are up')
      .action(runs(async () => (await import('./platform.js')).status)),
    'molo status && echo up',
  );
  examples(
    asJson(program.command('nodes'))
      .description('list nodes with their memory and disk')
      .action(runs(async () => (await import('./platform.js')).listNodes)),
    'molo nodes',
  );
  examples(
    asJson(aboutApp(program.command('images')))
      .description('list images of an app, newest first')
      .option('-n, --limit <number>', 'how many', listLimit, 20)
      .action(runs(async () => (await import('./platform.js')).listImages)),
    'molo images --app myapp --limit 5',
  );
  examples(
    asJson(program.command('audit'))
      .description('list who did what, newest first')
      .option('-a, --app <name>', 'what was done to this app alone')
      .option('-n, --limit <number>', 'how many', listLimit, 50)
      .action(runs(async () => (await import('./platform.js')).listAudit)),
    'molo audit --limit 10',
    'molo audit --app myapp',
  );
}
