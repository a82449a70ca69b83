import { type App, AppError, defaultEnvironment, type EnvironmentSummary } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { addRemote, isCheckout, remoteName } from '../git/checkout.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, dim, green, line, type Piece, red } from '../terminal/piece.js';
import { stateOf } from '../terminal/states.js';

export async function listApps(cli: Cli): Promise<void> {
  const client = await cli.client();
  const apps = await readPages((query) => client.listApps({ query }));
  if (cli.isJson) return cli.terminal.json(apps);
  if (apps.length === 0) return cli.terminal.note(line`There are no apps yet. Create one with: molo apps create myapp`);
  const rows = apps.flatMap((app) => app.environments.map((environment) => ({ app, environment })));
  cli.terminal.table(rows, [
    { title: 'APP', value: ({ app }) => app.name },
    { title: 'ENVIRONMENT', value: ({ environment }) => environment.name },
    { title: 'RELEASE', value: ({ environment }) => environment.liveRelease && `v${environment.liveRelease.number}` },
    { title: 'VERSION', value: ({ environment }) => environment.liveRelease?.version ?? null },
    { title: 'INSTANCES', value: ({ environment }) => instancesOf(environment) },
    { title: 'DEPLOYMENT', value: ({ environment }) => deploymentOf(environment) },
    { title: 'ADDRESS', value: ({ environment }) => environment.url },
  ]);
}

export function instancesOf({ instances }: EnvironmentSummary): Piece {
  const text = `${instances.healthy}/${instances.wanted}`;
  if (instances.wanted === 0) return dim(text);
  return instances.healthy < instances.wanted ? red(text) : green(text);
}

export function deploymentOf(environment: EnvironmentSummary): Piece | null {
  const deployment = environment.activeDeployment ?? environment.lastDeployment;
  return deployment && stateOf(deployment.state);
}

interface CreateOptions extends CommonOptions {
  readonly branch?: string;
  readonly remote: boolean;
  readonly ssh?: boolean;
}

export async function createApp(cli: Cli, options: CreateOptions, name: string): Promise<void> {
  const client = await cli.client();
  const app = await client.createApp({ body: { name, ...(options.branch === undefined ? {} : { deployBranch: options.branch }) } });
  const remote = options.remote && (await isCheckout()) ? await tryRemote(cli, app, options.ssh === true) : undefined;
  if (cli.isJson) return cli.terminal.json(app);
  cli.terminal.say(line`Created ${bold(app.name)}. It will be at ${app.environments[0]?.url ?? '(no address)'}`);
  if (remote !== undefined) cli.terminal.say(line`Added the git remote ${bold(remoteName)}: ${remote}`);
  else cli.terminal.say(line`Its git repository: ${app.gitHttpUrl} or ${app.gitSshUrl}`);
  cli.terminal.say(line`Deploy it with: ${remote === undefined ? `molo deploy --app ${app.name}` : `git push ${remoteName} HEAD:${app.deployBranch}, or molo deploy`}`);
}

/** The app is there by now: a remote that cannot be added is told and does not undo it. */
async function tryRemote(cli: Cli, app: App, ssh: boolean): Promise<string | undefined> {
  try {
    return await addRemote(app, ssh ? 'ssh' : 'http');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    cli.terminal.note(line`The git remote was not added. ${error.detail}`);
    return undefined;
  }
}

export async function showApp(cli: Cli, _options: CommonOptions, name: string | undefined): Promise<void> {
  const app = await (await cli.client()).getApp({ params: { app: name ?? (await cli.app()) } });
  if (cli.isJson) return cli.terminal.json(app);
  cli.terminal.say(line`App      ${bold(app.name)}, created ${ago(app.createdAt)} by ${app.createdBy.name}`);
  cli.terminal.say(line`Branch   ${app.deployBranch} deploys ${defaultEnvironment}, and each other environment the branch of its name`);
  cli.terminal.say(line`Git      ${app.gitHttpUrl}`);
  cli.terminal.say(line`         ${app.gitSshUrl}`);
  cli.terminal.say(line`Images   ${app.imageRepository}`);
  for (const environment of app.environments) {
    cli.terminal.say(line``);
    showEnvironment(cli, environment);
  }
}

export function showEnvironment(cli: Cli, environment: EnvironmentSummary): void {
  const { liveRelease, lastDeployment } = environment;
  cli.terminal.say(line`${bold(environment.name)}  ${environment.url}`);
  cli.terminal.say(line`  Live        ${liveRelease ? `v${liveRelease.number} ${liveRelease.version ?? ''} since ${ago(liveRelease.since)}` : 'nothing yet'}`);
  if (environment.protected) cli.terminal.say(line`  Protected   ${environment.awaitingApproval === 0 ? 'nothing waits for approval' : `${environment.awaitingApproval} waiting for approval: molo approvals`}`);
  cli.terminal.say(line`  Instances   ${instancesOf(environment)} healthy`);
  if (environment.activeDeployment) cli.terminal.say(line`  Deploying   ${environment.activeDeployment.id} is ${stateOf(environment.activeDeployment.state)}`);
  else if (lastDeployment?.failure) cli.terminal.say(line`  Last        ${stateOf(lastDeployment.state)}: ${lastDeployment.failure.detail}`);
}

export async function deleteApp(cli: Cli, options: CommonOptions, name: string): Promise<void> {
  const client = await cli.client();
  const app = await client.getApp({ params: { app: name } });
  await confirm(cli.terminal, `Deleting ${app.name} stops its instances and removes its releases, config and git repository.`, app.name, options.yes);
  await client.deleteApp({ params: { app: app.name } });
  if (cli.isJson) return cli.terminal.json({ deleted: app.name });
  cli.terminal.say(line`Deleted ${app.name}.`);
}

export async function setBranch(cli: Cli, _options: CommonOptions, branch: string): Promise<void> {
  const app = await (await cli.client()).updateApp({ params: { app: await cli.app() }, body: { deployBranch: branch } });
  if (cli.isJson) return cli.terminal.json(app);
  cli.terminal.say(line`Pushes to ${bold(app.deployBranch)} deploy ${app.name} from now on.`);
}

export async function printUrl(cli: Cli): Promise<void> {
  const url = await urlOf(cli);
  if (cli.isJson) return cli.terminal.json({ url });
  cli.terminal.say(line`${url}`);
}

/** Opens the app in the browser; where there is none, its address is printed. */
export async function openApp(cli: Cli): Promise<void> {
  const url = await urlOf(cli);
  const { spawn } = await import('node:child_process');
  const browser = spawn('xdg-open', [url], { stdio: 'ignore', detached: true });
  const opened = await new Promise<boolean>((settle) => {
    browser.once('error', () => settle(false));
    browser.once('spawn', () => settle(true));
  });
  if (opened) browser.unref();
  cli.terminal.say(line`${url}`);
}

async function urlOf(cli: Cli): Promise<string> {
  const { app, environment } = await cli.target();
  const { environments } = await (await cli.client()).getApp({ params: { app } });
  const found = environments.find(({ name }) => name === environment);
  if (found) return found.url;
  throw new AppError('not_found', { detail: `${app} has no environment ${environment}. It has: ${environments.map(({ name }) => name).join(', ')}.` });
}
