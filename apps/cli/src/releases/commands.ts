import type { Command } from 'commander';
import { aboutEnvironment, asJson, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';
import { listLimit, releaseNumber } from '../arguments.js';

export function addReleaseCommands(program: Command): void {
  const releases = examples(
    asJson(aboutEnvironment(program.command('releases')))
      .description('list releases, newest first; also: info')
      .option('-n, --limit <number>', 'how many', listLimit, 20)
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./releases.js')).listReleases)),
    'molo releases --app myapp',
    'molo releases info v3',
  );
  examples(
    asJson(aboutEnvironment(releases.command('list')))
      .description('list releases, newest first')
      .option('-n, --limit <number>', 'how many', listLimit, 20)
      .action(runs(async () => (await import('./releases.js')).listReleases)),
    'molo releases list --limit 5 --json',
  );
  examples(
    asJson(aboutEnvironment(offers(releases.command('info').argument('[release]', 'such as v3', releaseNumber), { release: 'releases' })))
      .description('show one release with its layers and its receipt: the live one, or the one that is named')
      .action(runs(async () => (await import('./releases.js')).showRelease)),
    'molo releases info',
    'molo releases info v3 --app myapp',
  );
}
