import { defaultEnvironment } from '@molo/contracts';
import { type Command, Option } from 'commander';
import { aboutApp, aboutEnvironment, asJson, examples, following, runs } from '../action.js';
import { listLimit, releaseNumber } from '../arguments.js';
import { offers, takes } from '../completion/offers.js';
import { promotedFrom } from './promoted-from.js';

export function addDeploymentCommands(program: Command): void {
  examples(
    asJson(aboutEnvironment(offers(program.command('deploy [commit]'), { commit: 'commits' })))
      .summary('push HEAD, or another commit, and follow its deployment')
      .description("Push HEAD, or another commit, with git to the branch that deploys the environment: the app's deploying branch, and for\nanother environment than production the branch of its name. The push shows the build and the\ndeployment; Ctrl-C stops the showing, not the deployment. The git remote is set up where it is missing.")
      .option('--ssh', 'add the remote with its SSH address where it is missing')
      .action(runs(async () => (await import('../git/deploy.js')).deploy)),
    'molo deploy',
    'molo deploy --app myapp v1.1',
    'molo deploy --env staging',
  );
  examples(
    following(offers(program.command('rollback').argument('[release]', 'such as v3', releaseNumber), { release: 'releases' }))
      .summary('make an earlier release live again')
      .description('Make an earlier release live again, image and config both: the one before the live one, or the one that is named.')
      .action(runs(async () => (await import('./deployments.js')).rollBack)),
    'molo rollback',
    'molo rollback v3 --app myapp',
  );
  examples(
    asJson(aboutApp(offers(program.command('promote').argument('[release]', 'of the environment that it comes from, such as v3; else its live one', releaseNumber), { release: 'releasesToPromote' })))
      .summary('deploy in one environment what is live in another')
      .description('Deploy the image that is live in one environment, or that of a release of it, in another: no build, and the config\nand formation of the environment that it goes to.')
      .addOption(takes(new Option('--from <name>', 'the environment that it comes from').default(promotedFrom), 'environments'))
      .addOption(takes(new Option('--to <name>', 'the environment that it goes to').default(defaultEnvironment), 'environments'))
      .option('-d, --detach', 'do not follow the deployment')
      .action(runs(async () => (await import('./deployments.js')).promote)),
    'molo promote --app myapp',
    'molo promote v3 --from staging --to production',
  );
  examples(
    following(program.command('redeploy'))
      .description('deploy the live release again with fresh instances')
      .action(runs(async () => (await import('./deployments.js')).redeploy)),
    'molo redeploy --app myapp',
  );
  examples(
    asJson(aboutEnvironment(program.command('deployments')))
      .description('list deployments, newest first')
      .option('-n, --limit <number>', 'how many', listLimit, 20)
      .action(runs(async () => (await import('./deployments.js')).listDeployments)),
    'molo deployments --limit 5',
  );
  examples(
    asJson(offers(program.command('deployment <id>'), { id: 'deployments' }))
      .description('show one deployment')
      .action(runs(async () => (await import('./deployments.js')).showDeployment)),
    'molo deployment 0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c3e',
  );
  examples(
    asJson(aboutEnvironment(offers(program.command('cancel [deployment]'), { deployment: 'runningDeployments' })))
      .description('cancel the running deployment, or the one that is named, while it has not switched')
      .action(runs(async () => (await import('./deployments.js')).cancel)),
    'molo cancel --app myapp',
  );
}
