import { AppError, defaultEnvironment, EnvironmentName } from '@molo/contracts';
import { deploymentOf, instancesOf, showEnvironment as showSummary } from '../apps/apps.js';
import { checkName, type Cli, type CommonOptions } from '../cli.js';
import { remoteName } from '../git/checkout.js';
import { confirm } from '../terminal/ask.js';
import { bold, line } from '../terminal/piece.js';

export async function listEnvironments(cli: Cli): Promise<void> {
  const app = await cli.app();
  const { items } = await (await cli.client()).listEnvironments({ params: { app } });
  if (cli.isJson) return cli.terminal.json(items);
  cli.terminal.table(items, [
    { title: 'ENVIRONMENT', value: (environment) => environment.name },
    { title: 'RELEASE', value: ({ liveRelease }) => liveRelease && `v${liveRelease.number}` },
    { title: 'VERSION', value: ({ liveRelease }) => liveRelease?.version ?? null },
    { title: 'PROTECTED', value: ({ protected: isProtected }) => (isProtected ? 'yes' : 'no') },
    { title: 'INSTANCES', value: instancesOf },
    { title: 'DEPLOYMENT', value: deploymentOf },
    { title: 'ADDRESS', value: ({ url }) => url },
  ]);
}

export async function createEnvironment(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  const app = await cli.app();
  const environment = await (await cli.client()).createEnvironment({ params: { app }, body: { name: checked(name) } });
  if (cli.isJson) return cli.terminal.json(environment);
  cli.terminal.say(line`Created ${bold(environment.name)} of ${app}. It will be at ${environment.url}`);
  cli.terminal.say(line`Deploy to it with: git push ${remoteName} HEAD:${environment.name}, or molo deploy --env ${environment.name}`);
}

export async function showEnvironment(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  const environment = await (await cli.client()).getEnvironment({ params: { app: await cli.app(), environment: checked(name) } });
  if (cli.isJson) return cli.terminal.json(environment);
  showSummary(cli, environment);
}

export async function protectEnvironment(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  await protect(cli, name, true);
}

export async function unprotectEnvironment(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  await protect(cli, name, false);
}

async function protect(cli: Cli, name: string, isProtected: boolean): Promise<void> {
  const params = { app: await cli.app(), environment: checked(name) };
  const environment = await (await cli.client()).updateEnvironment({ params, body: { protected: isProtected } });
  if (cli.isJson) return cli.terminal.json(environment);
  if (isProtected) cli.terminal.say(line`${environment.name} of ${params.app} is protected: deployments of whoever is no sysadmin wait for approval. molo approvals lists them.`);
  else cli.terminal.say(line`${environment.name} of ${params.app} is not protected any more.`);
}

export async function removeEnvironment(cli: Cli, options: CommonOptions, name: string): Promise<void> {
  const app = await cli.app();
  const environment = checked(name);
  if (environment === defaultEnvironment) throw new AppError('conflict', { detail: `${environment} goes with its app alone: molo apps delete ${app}` });
  const client = await cli.client();
  await client.getEnvironment({ params: { app, environment } });
  await confirm(cli.terminal, `Removing ${environment} of ${app} stops its instances and removes its releases, config and domains. Its branch stays.`, environment, options.yes);
  await client.removeEnvironment({ params: { app, environment } });
  if (cli.isJson) return cli.terminal.json({ removed: environment });
  cli.terminal.say(line`Removed ${environment} of ${app}.`);
}

function checked(name: string): string {
  return checkName(EnvironmentName, name, 'environment');
}
