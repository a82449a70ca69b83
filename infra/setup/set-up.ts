import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout, given, moloHome, nodeProgram } from '../config.ts';
import { outdatedServices, servicesOf, writeServices } from '../services/generate.ts';
import type { RunAs } from '../services/run-script.ts';
import { quote, type Service } from '../services/service.ts';
import { keptServices, removeService, serviceState } from '../services/supervisor.ts';
import { StepFailed, step } from '../terminal/progress.ts';
import { output, succeeds } from '../terminal/run.ts';
import { ensureCertificates } from './certificates.ts';
import { engineAnswers, requireRootForEngine } from './engine.ts';
import { writeAtomically, type Owner } from './files.ts';
import { checkHome, ensureServiceUser, makeHome, makeSecrets, serviceUser } from './home.ts';
import { installPackages, postgresPrograms } from './packages.ts';
import { formatSettings, readSettings, resolveSettings, settingsFile, type Secrets, type Settings } from './settings.ts';
import { build, installDependencies } from './workspace.ts';

export interface Platform {
  readonly settings: Settings;
  readonly services: readonly Service[];
  readonly runAs: RunAs;
}

const logFolder = join(moloHome, 'log', 'setup');

/** Everything that the platform needs to start; what is there already is left as it is. */
export async function setUp({ forTests = false }: { forTests?: boolean } = {}): Promise<Platform> {
  checkHome();
  const ownEngine = await wantsOwnEngine();
  await step('Debian packages', () => installPackages({ ...privateStores(), engine: ownEngine, tests: forTests }, join(logFolder, 'packages.log')));
  await step('npm packages', () => installDependencies(join(logFolder, 'npm.log')));
  let mark = '';
  await step('Build', async () => {
    const built = await build(join(logFolder, 'build.log'));
    mark = built.mark;
    return built.outcome;
  });
  const owner = await ensureServiceUser();
  await makeHome(owner);
  const secrets = makeSecrets(owner);
  const settings = await rememberSettings(secrets);
  await step('Certificates', () => ensureCertificates(settings, owner));
  return writePlatform({ settings, secrets, owner, mark, ownEngine });
}

async function wantsOwnEngine(): Promise<boolean> {
  const socket = given('MOLO_DOCKER_SOCKET') || readSettings()['MOLO_DOCKER_SOCKET'] || '/var/run/docker.sock';
  if (!keptServices().includes('dockerd') && (await engineAnswers(socket))) return false;
  requireRootForEngine(socket);
  return true;
}

function privateStores(): { postgres: boolean; redis: boolean } {
  const remembered = readSettings();
  const isPrivate = (url: string, flag: string) => (given(url) === undefined ? remembered[flag] !== 'no' : given(url) === '');
  return { postgres: isPrivate('MOLO_DATABASE_URL', 'MOLO_PRIVATE_POSTGRES'), redis: isPrivate('MOLO_REDIS_URL', 'MOLO_PRIVATE_REDIS') };
}

async function rememberSettings(secrets: Secrets): Promise<Settings> {
  const running = new Set<string>();
  for (const name of keptServices()) if ((await serviceState(name)).running) running.add(name);
  const settings = await resolveSettings(secrets, (service) => running.has(service));
  writeAtomically(settingsFile, formatSettings(settings), { mode: 0o600 });
  return settings;
}

interface Parts {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly owner: Owner | undefined;
  readonly mark: string;
  readonly ownEngine: boolean;
}

async function writePlatform({ settings, secrets, owner, mark, ownEngine }: Parts): Promise<Platform> {
  const needsPostgres = settings['MOLO_PRIVATE_POSTGRES'] === 'yes';
  const surroundings = {
    ...secrets,
    settings,
    home: moloHome,
    checkout,
    node: nodeProgram,
    postgresPrograms: needsPostgres ? await postgresOfData() : '',
    build: mark,
    ownEngine,
  };
  const services = servicesOf(surroundings);
  const runAs = { home: moloHome, checkout, user: owner ? serviceUser : undefined, bindCheckout: owner !== undefined && !(await userReachesCheckout()) };
  writeServices(services, runAs, owner);
  for (const name of outdatedServices(services, moloHome)) await removeService(name);
  return { settings, services, runAs };
}

/** A database is opened by the version of PostgreSQL that made it, whatever else is installed by now. */
async function postgresOfData(): Promise<string> {
  const version = join(moloHome, 'postgres/data/PG_VERSION');
  return postgresPrograms(existsSync(version) ? (await output('cat', [version])).trim() : undefined);
}

async function userReachesCheckout(): Promise<boolean> {
  const entry = join(checkout, 'apps/control-plane/dist/main.js');
  if ((statSync(dirname(entry)).mode & 0o005) !== 0o005 || (statSync(checkout).mode & 0o005) !== 0o005) {
    throw new StepFailed(`the system user ${serviceUser} may not read the files of ${checkout}`, { advice: `Let everybody read them: chmod -R go+rX ${quote(checkout)}` });
  }
  return succeeds('chpst', ['-u', serviceUser, 'test', '-r', entry]);
}
