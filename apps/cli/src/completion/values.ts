import { AppRole, isFinal, Role } from '@molo/contracts';
import { Cli, openTerminal } from '../cli.js';
import { readSettings } from '../config.js';
import { promotedFrom } from '../deployments/promoted-from.js';
import { git } from '../git/git.js';
import { readPages } from '../pages.js';
import { ago, count } from '../terminal/measures.js';
import { type Asked, type Candidate, commandNames } from './candidates.js';

/** More than anybody reads; a platform with more apps than this is asked no further. */
const mostValues = 1000;

interface Question extends Asked {
  readonly cli: Cli;
  /** Reads a list page by page, as far as the time goes: some names are better than none. */
  readonly all: <Item>(read: ReadPage<Item>) => Promise<Item[]>;
}

type ReadPage<Item> = Parameters<typeof readPages<Item>>[0];
type Source = (question: Question) => Promise<readonly Candidate[]> | readonly Candidate[];

const sources = {
  commands: ({ program }) => commandNames(program),
  apps: async (question) => (await apps(question)).map(({ name, environments }) => value(name, environments.map((environment) => environment.url)[0])),
  targets: async (question) => (await apps(question)).flatMap(({ name, environments }) => [value(name), ...environments.map((environment) => value(`${name}/${environment.name}`))]),
  environments: async ({ cli }) => {
    const { environments } = await (await cli.client()).getApp({ params: { app: await cli.app() } });
    return environments.map(({ name, url }) => value(name, url));
  },
  releases: async ({ cli }) => await releasesOf(cli, await cli.target()),
  releasesToPromote: async ({ cli, typed }) => await releasesOf(cli, { app: await cli.app(), environment: named(typed, '--from') ?? promotedFrom }),
  deployments: async ({ cli }) => (await deployments(cli)).map(deploymentValue),
  runningDeployments: async ({ cli }) => (await deployments(cli)).filter(({ state }) => !isFinal(state)).map(deploymentValue),
  awaitingApproval: async ({ cli, all }) => {
    const client = await cli.client();
    return (await all((query) => client.listApprovals({ query }))).map(({ id, app, environment, reason }) => value(id, `${app}, ${environment}, ${reason}`));
  },
  processTypes: async ({ cli }) => (await processTypes(cli)).map(([type]) => value(type)),
  scales: async ({ cli }) => (await processTypes(cli)).map(([type, instances]) => value(`${type}=`, `${instances} now`)),
  configKeys: async ({ cli }) => (await configKeys(cli)).map((key) => value(key)),
  assignments: async ({ cli }) => (await configKeys(cli)).map((key) => value(`${key}=`)),
  addedDomains: async ({ cli }) => {
    const { items } = await (await cli.client()).listDomains({ params: await cli.target() });
    return items.filter(({ builtIn }) => !builtIn).map(({ host }) => value(host));
  },
  users: async ({ cli, all }) => {
    const client = await cli.client();
    return (await all((query) => client.listUsers({ query }))).map(({ email, name }) => value(email, name));
  },
  teams: async ({ cli, all }) => {
    const client = await cli.client();
    return (await all((query) => client.listTeams({ query }))).map(({ name, users }) => value(name, count(users.length, 'user')));
  },
  teamUsers: async ({ cli, all, typed }) => {
    const client = await cli.client();
    const team = (await all((query) => client.listTeams({ query }))).find(({ name }) => name === typed.operands[0]);
    return (team?.users ?? []).map(({ id, name, email }) => value(email ?? id, name));
  },
  robots: async ({ cli, all }) => {
    const client = await cli.client();
    return byName(await all((query) => client.listRobots({ query })), ({ app }) => `of ${app ?? 'the platform'}`);
  },
  robotRoles: ({ typed }) => (named(typed, '--app') === undefined ? Role : AppRole).options.map((role) => value(role)),
  members: async ({ cli, all }) => {
    const client = await cli.client();
    const params = { app: await cli.app() };
    const members = await all((query) => client.listMembers({ params, query }));
    return byName(members.map((member) => ({ ...member, name: member.email ?? member.name })), ({ kind, role }) => `${kind}, ${role}`);
  },
  nodes: async ({ cli, all }) => {
    const client = await cli.client();
    return (await all((query) => client.listNodes({ query }))).map(({ name, availability, instances }) => value(name, `${availability}, ${count(instances, 'instance')}`));
  },
  sessions: async ({ cli, all }) => {
    const client = await cli.client();
    return (await all((query) => client.listSessions({ query }))).map(({ id, userAgent }) => value(id, userAgent ?? ''));
  },
  tokens: async ({ cli, all }) => {
    const client = await cli.client();
    return byName(await all((query) => client.listTokens({ query })), ({ rights }) => rights.join(', '));
  },
  robotTokens: async ({ cli, all, typed }) => {
    const client = await cli.client();
    const robot = (await all((query) => client.listRobots({ query }))).find(({ id, name }) => [id, name].includes(typed.operands[0] ?? ''));
    if (!robot) return [];
    return byName(await all((query) => client.listRobotTokens({ params: { robotId: robot.id }, query })), ({ rights }) => rights.join(', '));
  },
  sshKeys: async ({ cli, all }) => {
    const client = await cli.client();
    return byName(await all((query) => client.listSshKeys({ query })), ({ fingerprint }) => fingerprint);
  },
  branches: () => refs('refs/heads'),
  commits: () => refs('refs/heads', 'refs/tags'),
} satisfies Record<string, Source>;

export type ValueKind = keyof typeof sources;

/** The values of a kind, for the app and environment that the line, the settings or this directory name. */
export async function readValues(kind: ValueKind, asked: Asked, isLate = () => false): Promise<readonly Candidate[]> {
  const settings = readSettings();
  const [app, env] = ['--app', '--env'].map((flag) => named(asked.typed, flag));
  const source: Source = sources[kind];
  const options = { ...(app === undefined ? {} : { app }), ...(env === undefined ? {} : { env }) };
  // Who is typing does not wait for a platform to come back.
  const cli = new Cli(settings, openTerminal(settings), options, []);
  return await source({ ...asked, cli, all: (read) => readPages(untilLate(read, isLate), mostValues) });
}

async function releasesOf(cli: Cli, params: { readonly app: string; readonly environment: string }): Promise<Candidate[]> {
  const client = await cli.client();
  const releases = await readPages((query) => client.listReleases({ params, query }), 50);
  return releases.map(({ number, version, live, commit }) => value(`v${number}`, [live ? 'live' : '', version ?? '', commit?.subject ?? ''].filter(Boolean).join(', ')));
}

function named({ options }: Asked['typed'], flag: string): string | undefined {
  return [...options].find(([option]) => option.long === flag)?.[1].at(-1);
}

function value(word: string, about = ''): Candidate {
  return { word, about };
}

/** What two share as a name is told apart by its id. */
function byName<Item extends { readonly id: string; readonly name: string }>(items: readonly Item[], about: (item: Item) => string): Candidate[] {
  const isShared = (name: string) => items.filter((item) => item.name === name).length > 1;
  return items.map((item) => (isShared(item.name) ? value(item.id, `${item.name}, ${about(item)}`) : value(item.name, about(item))));
}

function untilLate<Item>(read: ReadPage<Item>, isLate: () => boolean): ReadPage<Item> {
  return async (query) => {
    const page = await read(query);
    return isLate() ? { ...page, nextCursor: null } : page;
  };
}

async function apps({ cli, all }: Question) {
  const client = await cli.client();
  return await all((query) => client.listApps({ query }));
}

async function deployments(cli: Cli) {
  const params = await cli.target();
  const client = await cli.client();
  return await readPages((query) => client.listDeployments({ params, query }), 50);
}

function deploymentValue({ id, state, reason, createdAt }: Awaited<ReturnType<typeof deployments>>[number]): Candidate {
  return value(id, `${state}, ${reason}, ${ago(createdAt)}`);
}

async function processTypes(cli: Cli): Promise<[string, number][]> {
  return Object.entries(await (await cli.client()).getFormation({ params: await cli.target() }));
}

async function configKeys(cli: Cli): Promise<string[]> {
  const { items } = await (await cli.client()).getConfig({ params: await cli.target() });
  return items.map(({ key }) => key);
}

/** Names of this directory's git repository, those with the newest commit first. */
async function refs(...under: readonly string[]): Promise<Candidate[]> {
  const names = (await git('for-each-ref', '--sort=-creatordate', '--format=%(refname:short)', ...under)) ?? '';
  return names.split('\n').filter(Boolean).map((name) => value(name));
}
