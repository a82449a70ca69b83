import type { Command } from 'commander';
import { asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';

export function addNodeCommands(program: Command): void {
  const nodes = examples(
    asJson(program.command('nodes'))
      .description('list nodes with their memory and disk; also: cordon, uncordon, drain, remove')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./nodes.js')).listNodes)),
    'molo nodes',
    'molo nodes drain pier',
  );
  examples(
    asJson(nodes.command('list')).description('list nodes with their memory and disk').action(runs(async () => (await import('./nodes.js')).listNodes)),
    'molo nodes list --json',
  );
  examples(
    asJson(named(nodes.command('cordon <node>')))
      .summary('give a node no new instances')
      .description('Give a node no new instances. What runs there stays, and its ingress and builds go on.')
      .action(runs(async () => (await import('./nodes.js')).cordon)),
    'molo nodes cordon pier',
  );
  examples(
    asJson(named(nodes.command('uncordon <node>'))).description('give a node new instances again, after a cordon or a drain').action(runs(async () => (await import('./nodes.js')).uncordon)),
    'molo nodes uncordon pier',
  );
  examples(
    asJson(named(nodes.command('drain <node>')))
      .summary('move what runs on a node to others, with no request failed')
      .description('Give a node no new instances, and move those that it has to others: each app starts there, is checked and\nswitched, and what was here then ends. Follows until all are gone. Run it again to try again what failed.')
      .option('-d, --detach', 'do not follow')
      .action(runs(async () => (await import('./nodes.js')).drain)),
    'molo nodes drain pier && molo nodes remove pier',
  );
  examples(
    asJson(confirmed(named(nodes.command('remove <node>'))))
      .summary('remove a node that is drained')
      .description('Remove a node that is drained: its token, and all that it gives access to, ends at once.')
      .action(runs(async () => (await import('./nodes.js')).remove)),
    'molo nodes remove pier',
  );
}

function named(command: Command): Command {
  return offers(command, { node: 'nodes' });
}
