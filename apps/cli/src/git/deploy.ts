import { type App, AppError, defaultEnvironment } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { exitCodes } from '../exit-codes.js';
import { bold, line, yellow } from '../terminal/piece.js';
import { addRemote, credentialSetting, isCheckout, remoteName, type Transport } from './checkout.js';
import { git, runGit } from './git.js';

interface DeployOptions extends CommonOptions {
  readonly ssh?: boolean;
}

/** Pushes a commit, HEAD where none is named, to the branch that deploys the environment; the push shows the build and the deployment. */
export async function deploy(cli: Cli, options: DeployOptions, reference = 'HEAD'): Promise<number> {
  await checkSource(cli, reference);
  const client = await cli.client();
  const app = await client.getApp({ params: { app: await cli.app() } });
  const branch = branchOf(cli, app);
  await findRemote(cli, app, branch, options.ssh ? 'ssh' : undefined);
  const pushed = await push(cli, app, reference, branch);
  if (pushed !== exitCodes.ok.code) return pushed;
  const now = await client.getApp({ params: { app: app.name } });
  if (newestDeployment(cli, now) === newestDeployment(cli, app)) tellNothingPushed(cli, app, branch);
  const newest = environmentOf(cli, now)?.lastDeployment;
  if (newest?.state === 'awaiting_approval') {
    // The push said what it waits for.
    if (options.json) cli.terminal.json(null);
    return exitCodes.ok.code;
  }
  if (options.json) {
    const { items } = await client.listReleases({ params: { app: app.name, environment: cli.environment }, query: { limit: 1 } });
    cli.terminal.json(items[0] ?? null);
  }
  return exitCodes.ok.code;
}

/** Throws where there is no such environment: git would keep the branch, and deploy nothing. */
function branchOf(cli: Cli, app: App): string {
  const { environment } = cli;
  if (!app.environments.some(({ name }) => name === environment)) throw new AppError('not_found', { detail: `${app.name} has no environment ${environment}. Make it with: molo environments create ${environment} --app ${app.name}` });
  return environment === defaultEnvironment ? app.deployBranch : environment;
}

function environmentOf(cli: Cli, app: App) {
  return app.environments.find(({ name }) => name === cli.environment);
}

function newestDeployment(cli: Cli, app: App): string | undefined {
  const environment = environmentOf(cli, app);
  return (environment?.activeDeployment ?? environment?.lastDeployment)?.id;
}

/** git says no more than "Everything up-to-date", also where an older release was made live again since. */
function tellNothingPushed(cli: Cli, app: App, branch: string): void {
  const isLive = app.environments.some(({ name, liveRelease }) => name === cli.environment && liveRelease !== null);
  if (!isLive && branch !== app.deployBranch) {
    cli.terminal.note(line`${branch} of ${app.name} was pushed before, when it deployed nothing. Delete it and deploy again: git push ${remoteName} :${branch}`);
    return;
  }
  cli.terminal.note(line`${branch} of ${app.name} is at this commit already, so nothing was deployed. molo redeploy starts the live release anew; molo rollback vN makes another one live.`);
}

async function checkSource(cli: Cli, reference: string): Promise<void> {
  if (!(await isCheckout())) {
    throw new AppError('invalid_input', { detail: 'This directory is not a git checkout. Make it one with: git init && git add --all && git commit -m "First version"' });
  }
  if ((await git('rev-parse', '--verify', '--quiet', `${reference}^{commit}`)) === undefined) {
    const next = reference === 'HEAD' ? 'Commit first: git add --all && git commit -m "First version"' : 'git log shows the commits that there are.';
    throw new AppError('invalid_input', { detail: `There is no commit ${reference} here. ${next}` });
  }
  const changes = reference === 'HEAD' ? await git('status', '--porcelain', '--untracked-files=no') : '';
  if (changes) cli.terminal.note(line`${yellow('Note:')} changes that are not committed are not deployed.`);
}

async function findRemote(cli: Cli, app: App, branch: string, transport: Transport | undefined): Promise<void> {
  const there = await git('remote', 'get-url', remoteName);
  if (there === app.gitSshUrl || there === app.gitHttpUrl) return;
  const url = await addRemote(app, transport ?? 'http');
  cli.terminal.note(line`Added the git remote ${bold(remoteName)}: ${url}. From now on git push ${remoteName} ${branch === app.deployBranch ? branch : `HEAD:${branch}`} does the same.`);
}

async function push(cli: Cli, app: App, reference: string, branch: string): Promise<number> {
  let interrupted = false;
  const interrupt = () => (interrupted = true);
  // git gets the terminal's signal by itself; molo stays to say what goes on.
  process.on('SIGINT', interrupt);
  const [helper, command] = credentialSetting(app.gitHttpUrl);
  const code = await runGit(['-c', `${helper}=${command}`, 'push', remoteName, `${reference}:refs/heads/${branch}`], cli.isJson).finally(() => process.off('SIGINT', interrupt));
  if (interrupted) {
    await tellHowToJoin(cli, app);
    return exitCodes.interrupted.code;
  }
  return code === 0 ? exitCodes.ok.code : exitCodes.failed.code;
}

async function tellHowToJoin(cli: Cli, app: App): Promise<void> {
  const now = await (await cli.client()).getApp({ params: { app: app.name } });
  const active = now.environments.find((environment) => environment.name === cli.environment)?.activeDeployment;
  if (active) cli.terminal.note(line`The deployment goes on. Join it again with: molo logs --deployment ${active.id}`);
}
