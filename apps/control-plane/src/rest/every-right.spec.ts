import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, apiPrefix, type AppRole, type Endpoint, rightsByAppRole, rightsByRole, type Role, TokenRight } from '@molo/contracts';
import { moloItself } from '../access/caller.js';
import type { User } from '../access/user.entity.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { type As, type Received, TestControlPlane } from '../test-control-plane.js';

/** Every endpoint of the table × whoever may call it × an app of theirs, an app of others, and one that is not there. */

interface Caller {
  readonly as: As;
  /** On the platform, and so on every app. */
  readonly rights: readonly string[];
  /** On the app `mine` besides. */
  readonly onMine: readonly TokenRight[];
  /** On an app that no request names. */
  readonly elsewhere?: readonly TokenRight[];
  readonly onOthers?: readonly TokenRight[];
  /** The most that the credential allows. */
  readonly limit: readonly TokenRight[];
}

type Target = 'mine' | 'others' | 'ghost';
type Outcome = 'let in' | 'not signed in' | 'forbidden' | 'hidden';

const all = TokenRight.options;
const targets: readonly Target[] = ['mine', 'others', 'ghost'];
const roles: readonly Role[] = ['sysadmin', 'developer', 'viewer', 'member'];
const appRoles: readonly AppRole[] = ['admin', 'developer', 'viewer'];

let platform: TestControlPlane;
const callers = new Map<string, Caller>();
const ids = new Map<Target, { deploymentId: string; robotId: string }>();

beforeAll(async () => {
  platform = await TestControlPlane.start();
  ids.set('ghost', { deploymentId: randomUUID(), robotId: randomUUID() });
  for (const target of ['mine', 'others'] as const) ids.set(target, { deploymentId: await deploymentOf(target), robotId: await robotOf(target) });
  for (const role of roles) await addUser(`a ${role}`, role, []);
  for (const role of appRoles) {
    const user = await addUser(`a member who is ${role} of the app`, 'member', rightsByAppRole[role]);
    await platform.call(api.setMember, { params: { app: 'mine' }, body: { email: user.email, role } });
  }
  await platform.call(api.createTeam, { body: { name: 'crew' } });
  await platform.call(api.setMember, { params: { app: 'mine' }, body: { team: 'crew', role: 'developer' } });
  const inTeam = await addUser('a member whose team is developer of the app', 'member', rightsByAppRole.developer);
  await platform.call(api.addTeamUser, { params: { team: 'crew', userId: inTeam.id } });
  const both = await addUser('a viewer who is admin of the app', 'viewer', all);
  await platform.call(api.setMember, { params: { app: 'mine' }, body: { email: both.email, role: 'admin' } });
  await addRobots();
  const mine = (await platform.call(api.getApp, { params: { app: 'mine' } })).ok.id;
  const elsewhere = (await platform.call(api.createApp, { body: { name: 'elsewhere' } })).ok.id;
  const sysadmin = await platform.makeUser('sysadmin');
  add("a sysadmin's token for the app alone", { as: await platform.makeToken(sysadmin, [...all], { appIds: [mine] }), rights: ['any'], onMine: all, limit: all });
  add("a sysadmin's token for another app alone", { as: await platform.makeToken(sysadmin, [...all], { appIds: [elsewhere] }), rights: ['any'], onMine: [], elsewhere: all, limit: all });
  add("the owner's token for the app alone, to read", { as: await platform.makeToken(null, ['read'], { appIds: [mine] }), rights: ['any'], onMine: ['read'], limit: ['read'] });
  for (const right of all) {
    await addToken(`a sysadmin's token to ${right}`, 'sysadmin', [right]);
    const token = await platform.makeToken(both, [right]);
    add(`an app admin's token to ${right}`, { as: token, rights: ['any', ...rightsByRole.viewer.filter((held) => held === right)], onMine: [right], limit: [right] });
  }
  add("the owner's token", { as: await platform.makeToken(null, [...all]), rights: rightsByRole.sysadmin, onMine: [], limit: all });
  add('the owner', { as: 'owner', rights: rightsByRole.sysadmin, onMine: [], limit: all });
  await addRefused();
}, 60_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function robotOf(app: string): Promise<string> {
  return (await platform.call(api.createAppRobot, { params: { app }, body: { name: `robot of ${app}` } })).ok.id;
}

async function addRobots(): Promise<void> {
  const tokenOf = async (robotId: string) => (await platform.call(api.createRobotToken, { params: { robotId }, body: { name: 'x', rights: [...all] } })).ok;
  for (const role of appRoles) {
    const { ok } = await platform.call(api.createAppRobot, { params: { app: 'mine' }, body: { name: `app ${role}`, role } });
    add(`a robot of the app who is ${role}`, { as: await tokenOf(ok.id), rights: ['any'], onMine: rightsByAppRole[role], limit: all });
  }
  const { ok } = await platform.call(api.createRobot, { body: { name: 'deployer', role: 'developer' } });
  add('a robot who is developer of the platform', { as: await tokenOf(ok.id), rights: rightsByRole.developer, onMine: [], limit: all });
  add('a robot of another app', { as: await tokenOf(ids.get('others')!.robotId), rights: ['any'], onMine: [], onOthers: rightsByAppRole.developer, limit: all });
}

function add(name: string, caller: Caller): void {
  callers.set(name, caller);
}

async function addUser(name: string, role: Role, onMine: readonly TokenRight[]): Promise<User> {
  const user = await platform.makeUser(role);
  add(name, { as: await platform.makeSession(user), rights: rightsByRole[role], onMine, limit: all });
  add(`${name}, by token`, { as: await platform.makeToken(user, [...all]), rights: rightsByRole[role], onMine, limit: all });
  return user;
}

async function addToken(name: string, role: Role, rights: TokenRight[]): Promise<void> {
  add(name, { as: await platform.makeToken(await platform.makeUser(role), rights), rights: ['any', ...rights], onMine: [], limit: rights });
}

/** Whoever is nobody; of credentials that are wrong, only tokens are refused where nobody need sign in: they are a mistake that must not pass as nobody's. */
async function addRefused(): Promise<void> {
  const sysadmin = await platform.makeUser('sysadmin');
  const nobody = { rights: [], onMine: [], limit: [] };
  add('nobody', { as: 'anonymous', ...nobody });
  add('a session that never was', { as: { session: 'never' }, ...nobody });
  add('an expired token', { as: await platform.makeToken(sysadmin, [...all], { expiresAt: new Date(Date.now() - 1000) }), ...nobody });
  add('a revoked token', { as: await platform.makeToken(sysadmin, [...all], { revokedAt: new Date() }), ...nobody });
  add('a token that never was', { as: { token: 'molo_never' }, ...nobody });
}

async function deploymentOf(app: string): Promise<string> {
  const { ok } = await platform.call(api.createApp, { body: { name: app } });
  const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const commit = { id, subject: 'Change a line', author: 'Ada' };
  const facts = { appId: ok.id, environmentName: 'production', commit, treeId: id, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself };
  const deployments = platform.app.get(DeploymentsService);
  const { deploymentId } = await deployments.push(facts);
  // One that has ended, so that its stream ends too.
  await deployments.cancel(deploymentId, moloItself);
  return deploymentId;
}

/** Changes take no such body, so that whoever is let in changes nothing. */
async function call(endpoint: Endpoint, target: Target, as: As): Promise<Received<unknown>> {
  const params = { app: target, environment: 'production', number: '1', host: 'nowhere.example.com', tokenId: randomUUID(), keyId: randomUUID(), memberId: randomUUID(), userId: randomUUID(), sessionId: randomUUID(), team: 'no-team', node: 'no-node', ...ids.get(target) };
  return await platform.call(endpoint, { as, params, ...(endpoint.method === 'GET' ? {} : { body: { unknown: true } }), headers: { 'x-molo-csrf': '1' } });
}

function outcomeOf({ status, problem }: Received<unknown>): Outcome {
  if (status === 401) return 'not signed in';
  if (status === 403 && problem.detail.startsWith('This needs the right to')) return 'forbidden';
  return status === 404 && /^There is no (app|deployment|robot) /.test(problem.detail) ? 'hidden' : 'let in';
}

/** What the table says, told once more in other words than those of the decision itself. */
function expected({ right, on }: Endpoint, { as, rights, onMine, onOthers = [], elsewhere = [], limit }: Caller, target: Target): Outcome {
  const isNobody = rights.length === 0;
  if (right === 'public') return isNobody && typeof as === 'object' && 'token' in as ? 'not signed in' : 'let in';
  if (isNobody) return 'not signed in';
  const isAboutApp = on === 'app' || on === 'environment' || on === 'deployment' || on === 'robot';
  if (right === 'any' || rights.includes(right)) return isAboutApp && target === 'ghost' ? 'hidden' : 'let in';
  if (on === 'platform') return 'forbidden';
  if ((on === 'deployment' || on === 'robot') && target === 'ghost') return 'hidden';
  if (on === 'apps') return limit.includes(right) && (right === 'read' || [onMine, onOthers, elsewhere].flat().includes(right)) ? 'let in' : 'forbidden';
  const held = target === 'mine' ? onMine : target === 'others' ? onOthers : [];
  if (held.includes(right)) return 'let in';
  return rights.length > 1 || held.length > 0 ? 'forbidden' : 'hidden';
}

describe.each(Object.entries<Endpoint>(api))('%s', (name, endpoint) => {
  const names = [...endpoint.path.matchAll(/:(\w+)/g)].map(([, name]) => name);

  it('asks for the right on what its path names', () => {
    const on = names.includes('environment') ? 'environment' : names.includes('app') ? 'app' : names.includes('deploymentId') ? 'deployment' : names.includes('robotId') ? 'robot' : null;
    // What guards the environments of an app from those who have it in hand asks more than the right on the app.
    const guards = ['updateEnvironment', 'approveDeployment', 'declineDeployment'].includes(name);
    if (on === null || guards) expect(guards ? ['platform'] : ['platform', 'apps']).toContain(endpoint.on);
    else expect(endpoint.on).toBe(on);
  });

  it(`lets in exactly those with the right: ${endpoint.right}, on: ${endpoint.on}`, async () => {
    for (const target of names.some((name) => name === 'app' || name === 'deploymentId' || name === 'robotId') ? targets : (['mine'] as const)) {
      const outcomes = await Promise.all(
        [...callers].map(async ([who, caller]) => {
          const [answer, wanted] = [await call(endpoint, target, caller.as), expected(endpoint, caller, target)];
          // A body that is wrong is seen before it is seen that there is no such app.
          const isSeenFirst = answer.status === 422 && wanted === 'hidden' && target === 'ghost';
          return { who, target, wanted, got: isSeenFirst ? 'hidden' : outcomeOf(answer) };
        }),
      );
      expect(outcomes.filter(({ wanted, got }) => wanted !== got)).toEqual([]);
    }
  }, 60_000);
});

describe('an app that one may not see', () => {
  const member = () => callers.get('a member who is admin of the app')!.as;

  it('answers as one that does not exist, word for word', async () => {
    for (const endpoint of Object.values<Endpoint>(api).filter(({ path }) => /:(app|deploymentId|robotId)/.test(path))) {
      const [hidden, missing] = [await call(endpoint, 'others', member()), await call(endpoint, 'ghost', member())];
      const alike = (text: string) => text.replaceAll(/others|ghost/g, 'it').replaceAll(/[0-9a-f-]{36}/g, 'id');
      expect([hidden.status, alike(hidden.text)]).toEqual([missing.status, alike(missing.text)]);
    }
  });

  it('is in no list', async () => {
    expect((await platform.call(api.listApps, { as: member() })).ok.items.map(({ name }) => name)).toEqual(['mine']);
    expect((await platform.call(api.listApps, { as: callers.get('a member')!.as })).ok.items).toEqual([]);
    expect((await platform.call(api.listApps, { as: callers.get('a viewer')!.as })).ok.items.map(({ name }) => name)).toEqual(['elsewhere', 'mine', 'others']);
    const events = (await platform.call(api.listAudit, { as: member(), query: { limit: '200' } })).ok.items;
    expect(new Set(events.map(({ action }) => action))).toEqual(new Set(['app.created', 'deployment.begun', 'deployment.cancelled', 'member.set', 'robot.created', 'token.created']));
    expect(JSON.stringify(events)).not.toContain('others');
    expect((await platform.call(api.listAudit, { as: member(), query: { app: 'others' } })).status).toBe(404);
    expect((await platform.call(api.listAudit, { query: { app: 'others' } })).ok.items.map(({ action }) => action)).toEqual(['token.created', 'robot.created', 'deployment.cancelled', 'deployment.begun', 'app.created']);
    const robots = async (as: As) => (await platform.call(api.listRobots, { as })).ok.items.map(({ app }) => app);
    expect(new Set(await robots(member()))).toEqual(new Set(['mine']));
    expect(new Set(await robots('owner'))).toEqual(new Set(['mine', 'others', null]));
  });
});

describe('the routes', () => {
  /** Each of these says itself who may call it: by a node's token, by the rights on a repository, or to everybody. */
  const outside = ['/agent/', '/git/', '/registry/token', '/metrics', '/api/openapi.json'];

  it('are those of the table, and few others', () => {
    const router = (platform.app.getHttpAdapter().getInstance() as unknown as { router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] } }).router;
    const routes = router.stack.flatMap(({ route }) => (route ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`) : []));
    expect(routes.length).toBeGreaterThan(Object.keys(api).length);
    const table = new Set(Object.values<Endpoint>(api).map(({ method, path }) => `${method} ${apiPrefix}${path}`));
    const others = routes.filter((route) => !table.has(route));
    expect(others.filter((route) => !outside.some((path) => route.includes(path)))).toEqual([]);
  });
});
