import { type Command, Option } from 'commander';
import { aboutEnvironment, asJson, examples, following, runs } from '../action.js';
import { offers, takes } from '../completion/offers.js';
import { lineCount } from '../arguments.js';

export function addInstanceCommands(program: Command): void {
  examples(
    asJson(aboutEnvironment(program.command('ps')))
      .description('list instances: their release, state, restarts and memory')
      .action(runs(async () => (await import('./instances.js')).listInstances)),
    'molo ps --app myapp',
    'molo ps --json',
  );
  examples(
    following(offers(program.command('scale [types...]'), { types: 'scales' }))
      .summary('set how many instances of each process type run')
      .description('Set how many instances of each process type run, or show it.')
      .action(runs(async () => (await import('./instances.js')).scale)),
    'molo scale web=2 worker=1',
    'molo scale',
  );
  examples(
    asJson(aboutEnvironment(program.command('logs')))
      .summary("show the instances' log, or a deployment's")
      .description("Show the instances' log; with --deployment, join a deployment: its build log and its steps.")
      .option('-f, --follow', 'go on as lines come')
      .option('-n, --lines <number>', 'how many earlier lines', lineCount, 100)
      .addOption(takes(new Option('-p, --process <type>', 'one process type alone'), 'processTypes'))
      .addOption(takes(new Option('--deployment <id>', 'join this deployment'), 'deployments'))
      .action(runs(async () => (await import('./logs.js')).logs)),
    'molo logs -f --process web',
    'molo logs --deployment 0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c3e',
  );
}
