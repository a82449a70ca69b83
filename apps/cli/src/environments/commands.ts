import type { Command } from 'commander';
import { aboutApp, asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';

export function addEnvironmentCommands(program: Command): void {
  const environments = examples(
    asJson(aboutApp(program.command('environments')))
      .description('list environments of an app; also: create, info, protect, unprotect, remove')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./environments.js')).listEnvironments)),
    'molo environments --app myapp',
    'molo environments create staging',
  );
  examples(
    asJson(aboutApp(environments.command('list'))).description('list environments of an app').action(runs(async () => (await import('./environments.js')).listEnvironments)),
    'molo environments list --app myapp --json',
  );
  examples(
    asJson(aboutApp(environments.command('create <name>')))
      .summary('make an environment')
      .description('Make an environment with an address, config, formation and domains of its own. Pushes to the branch of its name\ndeploy it: git push molo HEAD:staging, or molo deploy --env staging.')
      .action(runs(async () => (await import('./environments.js')).createEnvironment)),
    'molo environments create staging --app myapp',
  );
  examples(
    asJson(aboutApp(offers(environments.command('info <name>'), { name: 'environments' })))
      .description('show one environment')
      .action(runs(async () => (await import('./environments.js')).showEnvironment)),
    'molo environments info staging --app myapp',
  );
  examples(
    asJson(aboutApp(offers(environments.command('protect <name>'), { name: 'environments' })))
      .summary('have deployments wait for the approval of a sysadmin')
      .description('Protect an environment, as a sysadmin: pushes, promotions, rollbacks, redeploys and changes of config and formation by\nwhoever is no sysadmin wait there until one approves them (molo approvals).')
      .action(runs(async () => (await import('./environments.js')).protectEnvironment)),
    'molo environments protect production --app myapp',
  );
  examples(
    asJson(aboutApp(offers(environments.command('unprotect <name>'), { name: 'environments' })))
      .description('take the protection away, as a sysadmin; what waits by then still waits')
      .action(runs(async () => (await import('./environments.js')).unprotectEnvironment)),
    'molo environments unprotect staging --app myapp',
  );
  examples(
    confirmed(asJson(aboutApp(offers(environments.command('remove <name>'), { name: 'environments' }))))
      .description('remove an environment: its instances stop and its name is free again')
      .action(runs(async () => (await import('./environments.js')).removeEnvironment)),
    'molo environments remove staging --app myapp',
  );
}
