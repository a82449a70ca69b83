import { type Command, Option } from 'commander';
import { aboutApp, aboutEnvironment, asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers, takes } from '../completion/offers.js';

export function addAppCommands(program: Command): void {
  const apps = examples(
    asJson(program.command('apps'))
      .description('list apps; also: create, info, delete, set-branch')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./apps.js')).listApps)),
    'molo apps',
    'molo apps create myapp',
  );
  examples(
    asJson(apps.command('list')).description('list apps').action(runs(async () => (await import('./apps.js')).listApps)),
    'molo apps list --json',
  );
  examples(
    asJson(apps.command('create <name>'))
      .summary('create an app')
      .description('Create an app, with its production environment and its git repository. In a git checkout the git remote\nmolo is added, and git is told to ask molo for the token.')
      .addOption(takes(new Option('--branch <branch>', 'the branch whose pushes deploy (default: main)'), 'branches'))
      .option('--ssh', 'add the remote with its SSH address')
      .option('--no-remote', 'do not add a git remote')
      .action(runs(async () => (await import('./apps.js')).createApp)),
    'molo apps create myapp',
    'molo apps create myapp --branch release --no-remote',
  );
  examples(
    asJson(aboutApp(offers(apps.command('info [name]'), { name: 'apps' })))
      .description('show one app')
      .action(runs(async () => (await import('./apps.js')).showApp)),
    'molo apps info myapp',
  );
  examples(
    confirmed(asJson(offers(apps.command('delete <name>'), { name: 'apps' })))
      .description('delete an app: its instances stop and its name is free again')
      .action(runs(async () => (await import('./apps.js')).deleteApp)),
    'molo apps delete myapp',
  );
  examples(
    asJson(aboutApp(offers(apps.command('set-branch <branch>'), { branch: 'branches' })))
      .description('change the branch whose pushes deploy')
      .action(runs(async () => (await import('./apps.js')).setBranch)),
    'molo apps set-branch release --app myapp',
  );
  examples(
    asJson(aboutEnvironment(program.command('url')))
      .description("print the app's address")
      .action(runs(async () => (await import('./apps.js')).printUrl)),
    'curl "$(molo url --app myapp)"',
  );
  examples(
    aboutEnvironment(program.command('open'))
      .description('open the app in the browser')
      .action(runs(async () => (await import('./apps.js')).openApp)),
    'molo open --app myapp',
  );
}
