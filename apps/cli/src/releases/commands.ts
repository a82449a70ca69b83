import type { Command } from 'commander';
import { aboutEnvironment, asJson, runs, runsAlone } from '../action.js';
import { listLimit, releaseNumber } from '../arguments.js';

export function addReleaseCommands(program: Command): void {
  const releases = asJson(aboutEnvironment(program.command('releases')))
    .description('list releases, newest first; also: info')
    .option('-n, --limit <number>', 'how many', listLimit, 20)
    .allowExcessArguments()
    .action(runsAlone(async () => (await import('./releases.js')).listReleases));
  asJson(aboutEnvironment(releases.command('list')))
    .description('list releases, newest first')
    .option('-n, --limit <number>', 'how many', listLimit, 20)
    .action(runs(async () => (await import('./releases.js')).listReleases));
  asJson(aboutEnvironment(releases.command('info').argument('[release]', 'such as v3', releaseNumber)))
    .description('show one release with its layers and its receipt: the live one, or the one that is named')
    .action(runs(async () => (await import('./releases.js')).showRelease));
}
