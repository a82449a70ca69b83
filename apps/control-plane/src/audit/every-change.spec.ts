import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { api, type Endpoint, type EndpointName } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, TestAuthenticator } from '../access/second-factor/test-authenticator.js';
import { type As, type Sent, TestControlPlane } from '../test-control-plane.js';
import { changesOfNodes } from './changes-of-nodes.js';
import { TestDeployments } from './test-deployments.js';

/** Every endpoint of the table that changes something: it writes in one transaction what it changes and who did it, or it changes nothing. */

interface Change {
  readonly action: string;
  /** What the event names. */
  readonly target: string | RegExp;
  readonly sent: Sent;
  /** Who did it; the sysadmin where none is named. */
  readonly by?: string;
}

const password = 'a good secret password';
const ip = '127.0.0.1';
const there = { app: 'myapp', environment: 'production' };
const secrets = new Set([password, 'a new secret password', 'secret config value', 'plain config value']);

let platform: TestControlPlane;
let sysadmin: { id: string; email: string; name: string };
let as: As;
let deployments: TestDeployments;

beforeAll(async () => {
  platform = await TestControlPlane.startWithRegistry();
  deployments = new TestDeployments(platform, there);
  secrets.add(await claimToken());
  sysadmin = await platform.makeUser('sysadmin', password);
  as = await platform.makeSession(sysadmin as never);
  await prepare(api.createApp, { body: { name: 'myapp' } });
}, 60_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function claimToken(): Promise<string> {
  return new URL((await readFile(platform.config.path('control-plane', 'claim-link'), 'utf8')).trim()).searchParams.get('token') ?? '';
}

/** What a change needs to be there, made by the machine's owner. */
async function prepare<E extends Endpoint>(endpoint: E, sent: Sent) {
  const answer = await platform.call(endpoint, sent);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.ok;
}

const name = (what: string) => `${what}-${randomUUID().slice(0, 8)}`;

async function invited(): Promise<{ userId: string; email: string; token: string }> {
  const email = `${name('bob')}@example.com`;
  const { user, invitation } = await prepare(api.inviteUser, { body: { email } });
  const token = new URL(invitation.link).searchParams.get('token') ?? '';
  secrets.add(token);
  return { userId: user.id, email, token };
}

async function robot(): Promise<{ robotId: string; robotName: string }> {
  const robotName = name('robot');
  return { robotId: (await prepare(api.createRobot, { body: { name: robotName } })).id, robotName };
}

async function team(): Promise<string> {
  return (await prepare(api.createTeam, { body: { name: name('team') } })).name;
}

async function ownToken(as: As): Promise<{ tokenId: string; tokenName: string }> {
  const tokenName = name('token');
  const made = await platform.call(api.createToken, { as, headers: { 'x-molo-csrf': '1' }, body: { name: tokenName } });
  secrets.add(made.ok.token);
  return { tokenId: made.ok.id, tokenName };
}

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop';

async function sshKey(as: As): Promise<string> {
  const keys = (await platform.call(api.listSshKeys, { as })).ok.items;
  if (keys[0]) return keys[0].id;
  return (await platform.call(api.addSshKey, { as, headers: { 'x-molo-csrf': '1' }, body: { name: 'laptop', publicKey: key } })).ok.id;
}

/** A user who has a second factor, and their app. */
async function enrolled() {
  const user = await platform.makeUser('viewer', password);
  const app = await TestAuthenticator.enrol(platform, user, password);
  for (const secret of [app.secret, ...app.recoveryCodes]) secrets.add(secret);
  return { user, app, by: user.name, target: user.email, as: await platform.makeSession(user) };
}

/** One change for each endpoint, with what has to be there before. */
const changes: { readonly [Name in EndpointName]?: () => Promise<Change> } = {
  claim: async () => ({ action: 'platform.claimed', target: 'first@example.com', by: 'First', sent: { as: 'anonymous', body: { token: await claimToken(), email: 'first@example.com', name: 'First', password } } }),
  signIn: async () => ({ action: 'session.started', target: sysadmin.email, sent: { as: 'anonymous', body: { email: sysadmin.email, password } } }),
  signOut: async () => ({ action: 'session.ended', target: sysadmin.email, sent: { as: await platform.makeSession(sysadmin as never) } }),
  endSession: async () => {
    await platform.makeSession(sysadmin as never);
    const session = (await platform.call(api.listSessions, { as })).ok.items.find(({ current }) => !current);
    return { action: 'session.ended', target: sysadmin.email, sent: { params: { sessionId: session!.id } } };
  },
  endOtherSessions: async () => {
    await platform.makeSession(sysadmin as never);
    return { action: 'session.ended', target: sysadmin.email, sent: {} };
  },
  updateMe: async () => {
    const user = await platform.makeUser('viewer');
    return { action: 'user.changed', target: user.email, by: user.name, sent: { as: await platform.makeSession(user), body: { name: 'Another' } } };
  },
  changePassword: async () => {
    const user = await platform.makeUser('viewer', password);
    return { action: 'password.changed', target: user.email, by: user.name, sent: { as: await platform.makeSession(user), body: { current: password, password: 'a new secret password' } } };
  },
  enrolSecondFactor: async () => {
    const user = await platform.makeUser('viewer', password);
    return { action: 'second-factor.begun', target: user.email, by: user.name, sent: { as: await platform.makeSession(user), body: { password } } };
  },
  confirmSecondFactor: async () => {
    const user = await platform.makeUser('viewer', password);
    const own = await platform.makeSession(user);
    const { ok } = await platform.call(api.enrolSecondFactor, { as: own, headers: { 'x-molo-csrf': '1' }, body: { password } });
    secrets.add(ok.secret);
    return { action: 'second-factor.enabled', target: user.email, by: user.name, sent: { as: own, body: { code: codeOf(ok.secret) } } };
  },
  disableSecondFactor: async () => {
    const { app, as: own, ...who } = await enrolled();
    return { action: 'second-factor.disabled', ...who, sent: { as: own, body: { password, code: app.code(1) } } };
  },
  renewRecoveryCodes: async () => {
    const { app, as: own, ...who } = await enrolled();
    return { action: 'recovery-codes.renewed', ...who, sent: { as: own, body: { password, code: app.recoveryCodes[0] } } };
  },
  createToken: async () => ({ action: 'token.created', target: /made/, sent: { body: { name: 'made' } } }),
  revokeToken: async () => {
    const { tokenId, tokenName } = await ownToken(as);
    return { action: 'token.revoked', target: new RegExp(tokenName), sent: { params: { tokenId } } };
  },
  addSshKey: async () => ({ action: 'ssh-key.added', target: 'ssh key laptop', sent: { body: { name: 'laptop', publicKey: key } } }),
  removeSshKey: async () => ({ action: 'ssh-key.removed', target: 'ssh key laptop', sent: { params: { keyId: await sshKey(as) } } }),

  inviteUser: async () => ({ action: 'user.invited', target: 'eve@example.com', sent: { body: { email: 'eve@example.com' } } }),
  updateUser: async () => {
    const { userId, email } = await invited();
    return { action: 'user.changed', target: email, sent: { params: { userId }, body: { role: 'viewer', disabled: true } } };
  },
  removeUser: async () => {
    const { userId, email } = await invited();
    return { action: 'user.removed', target: email, sent: { params: { userId } } };
  },
  renewInvitation: async () => {
    const { userId, email } = await invited();
    return { action: 'invitation.renewed', target: email, sent: { params: { userId }, body: {} } };
  },
  endUserSessions: async () => {
    const user = await platform.makeUser('viewer');
    await platform.makeSession(user);
    return { action: 'session.ended', target: user.email, sent: { params: { userId: user.id } } };
  },
  removeUserSecondFactor: async () => {
    const { user } = await enrolled();
    return { action: 'second-factor.removed', target: user.email, sent: { params: { userId: user.id } } };
  },
  acceptInvitation: async () => {
    const { token, email } = await invited();
    return { action: 'invitation.accepted', target: email, by: 'Bob', sent: { as: 'anonymous', body: { token, name: 'Bob', password } } };
  },
  createTeam: async () => ({ action: 'team.created', target: 'team crew', sent: { body: { name: 'crew' } } }),
  updateTeam: async () => ({ action: 'team.renamed', target: 'team renamed', sent: { params: { team: await team() }, body: { name: 'renamed' } } }),
  removeTeam: async () => {
    const removed = await team();
    return { action: 'team.removed', target: `team ${removed}`, sent: { params: { team: removed } } };
  },
  addTeamUser: async () => {
    const [{ userId }, to] = [await invited(), await team()];
    return { action: 'team.user-added', target: `team ${to}`, sent: { params: { team: to, userId } } };
  },
  removeTeamUser: async () => {
    const [{ userId }, from] = [await invited(), await team()];
    await prepare(api.addTeamUser, { params: { team: from, userId } });
    return { action: 'team.user-removed', target: `team ${from}`, sent: { params: { team: from, userId } } };
  },
  createRobot: async () => ({ action: 'robot.created', target: 'robot deployer', sent: { body: { name: 'deployer' } } }),
  createAppRobot: async () => ({ action: 'robot.created', target: 'robot ci of myapp', sent: { params: there, body: { name: 'ci' } } }),
  removeRobot: async () => {
    const { robotId, robotName } = await robot();
    return { action: 'robot.removed', target: `robot ${robotName}`, sent: { params: { robotId } } };
  },
  createRobotToken: async () => {
    const { robotId, robotName } = await robot();
    return { action: 'token.created', target: new RegExp(robotName), sent: { params: { robotId }, body: { name: 'github' } } };
  },
  revokeRobotToken: async () => {
    const { robotId, robotName } = await robot();
    const { id: tokenId, token } = await prepare(api.createRobotToken, { params: { robotId }, body: { name: 'github' } });
    secrets.add(token);
    return { action: 'token.revoked', target: new RegExp(robotName), sent: { params: { robotId, tokenId } } };
  },

  ...changesOfNodes(() => platform),

  createApp: async () => ({ action: 'app.created', target: 'newapp', sent: { body: { name: 'newapp' } } }),
  updateApp: async () => ({ action: 'app.changed', target: 'myapp', sent: { params: there, body: { deployBranch: 'trunk' } } }),
  deleteApp: async () => {
    await prepare(api.createApp, { body: { name: 'old' } });
    return { action: 'app.deleted', target: 'old', sent: { params: { app: 'old' } } };
  },
  setMember: async () => ({ action: 'member.set', target: 'myapp', sent: { params: there, body: { team: await team(), role: 'viewer' } } }),
  changeMember: async () => {
    const { id: memberId } = await prepare(api.setMember, { params: there, body: { team: await team(), role: 'viewer' } });
    return { action: 'member.set', target: 'myapp', sent: { params: { ...there, memberId }, body: { role: 'admin' } } };
  },
  removeMember: async () => {
    const { id: memberId } = await prepare(api.setMember, { params: there, body: { team: await team(), role: 'viewer' } });
    return { action: 'member.removed', target: 'myapp', sent: { params: { ...there, memberId } } };
  },
  createEnvironment: async () => ({ action: 'environment.created', target: 'myapp/staging', sent: { params: there, body: { name: 'staging' } } }),
  removeEnvironment: async () => {
    await prepare(api.createEnvironment, { params: there, body: { name: 'leaving' } });
    return { action: 'environment.removed', target: 'myapp/leaving', sent: { params: { ...there, environment: 'leaving' } } };
  },
  updateEnvironment: async () => {
    await prepare(api.createEnvironment, { params: there, body: { name: 'guarded' } });
    return { action: 'environment.changed', target: 'myapp/guarded', sent: { params: { ...there, environment: 'guarded' }, body: { protected: true } } };
  },
  updateConfig: async () => ({ action: 'config.changed', target: 'myapp/production', sent: { params: there, body: { set: { API_KEY: 'secret config value' }, secret: true } } }),
  scale: async () => ({ action: 'formation.changed', target: 'myapp/production', sent: { params: there, body: { web: 3 } } }),
  addDomain: async () => ({ action: 'domain.added', target: 'myapp/production', sent: { params: there, body: { host: 'shop.example.com' } } }),
  removeDomain: async () => {
    await prepare(api.addDomain, { params: there, body: { host: 'away.example.com' } });
    return { action: 'domain.removed', target: 'myapp/production', sent: { params: { ...there, host: 'away.example.com' } } };
  },
  cancelDeployment: async () => {
    const deploymentId = await deployments.pushed();
    return { action: 'deployment.cancelled', target: deploymentId, sent: { params: { deploymentId } } };
  },
  rollBack: async () => {
    await deployments.released();
    return { action: 'deployment.begun', target: /^[0-9a-f-]{36}$/, sent: { params: there, body: { release: 1 } } };
  },
  promote: async () => {
    await deployments.released();
    const { name: environment } = await prepare(api.createEnvironment, { params: there, body: { name: 'promoted' } });
    return { action: 'deployment.begun', target: /^[0-9a-f-]{36}$/, sent: { params: { ...there, environment }, body: { from: 'production' } } };
  },
  approveDeployment: async () => {
    const deploymentId = await deployments.awaiting();
    return { action: 'deployment.approved', target: deploymentId, sent: { params: { deploymentId }, body: { word: 'Looks good' } } };
  },
  declineDeployment: async () => {
    const deploymentId = await deployments.awaiting();
    return { action: 'deployment.declined', target: deploymentId, sent: { params: { deploymentId }, body: { word: 'Not today' } } };
  },
  redeploy: async () => {
    await deployments.released();
    return { action: 'deployment.begun', target: /^[0-9a-f-]{36}$/, sent: { params: there } };
  },
};

interface Event {
  readonly actor_name: string;
  readonly ip: string | null;
  readonly action: string;
  readonly target: string;
}

/** Since the newest one had this id. */
async function eventsSince(id: string): Promise<Event[]> {
  return await platform.dataSource.query(`select actor_name, ip, action, target from audit_events where id > $1 and actor_kind <> 'molo' order by id`, [id]);
}

async function newest(): Promise<string> {
  return (await platform.dataSource.query<{ id: string }[]>('select coalesce(max(id), 0) as id from audit_events'))[0]!.id;
}

/** Every row that callers can change, but for what a look at who they are notes by itself. What deployments go on to do by themselves is the platform's. */
async function everything(): Promise<unknown> {
  const tables = ['users', 'sessions', 'api_tokens', 'ssh_keys', 'second_factor_steps', 'recovery_codes', 'invitations', 'claims', 'teams', 'team_members', 'app_members', 'apps', 'environments', 'config_vars', 'domains', 'idempotency_keys', 'approvals'];
  const seen = `'{last_used_at,last_seen_at,ip,active_deployment_id,release_count}'::text[]`;
  const rows = await Promise.all(tables.map(async (table) => await platform.dataSource.query(`select to_jsonb(t) - ${seen} as row from ${table} t order by 1`) as unknown));
  return [...rows, await platform.dataSource.query('select id, availability, roles, removed_at from nodes order by id'), await platform.dataSource.query('select id, cancel_requested_at, needs_approval from deployments order by id')];
}

/** As long as it lasts nothing can be written into the audit. */
async function withoutAudit<T>(work: () => Promise<T>): Promise<T> {
  await platform.dataSource.query(`create function no_audit() returns trigger language plpgsql as $$ begin raise exception 'no audit' using errcode = 'P0001'; end $$`);
  await platform.dataSource.query(`create trigger no_audit before insert on audit_events for each statement execute function no_audit()`);
  try {
    return await work();
  } finally {
    await platform.dataSource.query('drop function no_audit() cascade');
  }
}

async function settled(): Promise<void> {
  await waitFor(async () => (await platform.dataSource.query<{ waiting: number }[]>('select count(*)::int as waiting from outbox'))[0]?.waiting === 0, { what: 'an empty outbox' });
}

it('is done here once by each endpoint that changes something', () => {
  const changing = Object.entries<Endpoint>(api).flatMap(([endpointName, { method }]) => (method === 'GET' ? [] : [endpointName]));
  expect(Object.keys(changes).toSorted()).toEqual(changing.toSorted());
});

describe.each(Object.entries(changes) as [EndpointName, () => Promise<Change>][])('%s', (endpointName, make) => {
  const endpoint: Endpoint = api[endpointName];

  it('is in the audit with who, from where and to what, and is not done where that cannot be written', async () => {
    const { action, target, by = sysadmin.name, sent } = await make();
    await settled();
    const call = () => platform.call(endpoint, { as, ...sent, headers: { 'x-molo-csrf': '1' } });
    const before = await everything();
    const refused = await withoutAudit(call);
    expect(refused.status, refused.text).toBe(500);
    expect(await everything()).toEqual(before);
    const last = await newest();
    const done = await call();
    expect(done.status, done.text).toBe(endpoint.status);
    for (const [, secret] of done.text.matchAll(/(molo_[\w-]{20,}|(?<=token=)[\w-]{20,}|(?<="secret":")\w+|(?<=")(?:[a-z2-7]{4}-){3}[a-z2-7]{4}(?="))/g)) secrets.add(secret!);
    const events = await eventsSince(last);
    expect(events.find((event) => event.action === action)).toEqual({ actor_name: by, ip, action, target: typeof target === 'string' ? target : expect.stringMatching(target) as string });
  }, 30_000);
});

describe('what stands before and after', () => {
  it('is no secret', async () => {
    await prepare(api.updateConfig, { params: there, body: { set: { API_KEY: 'plain config value', OTHER: 'plain config value' } } });
    const rows: { event: string }[] = await platform.dataSource.query('select e::text as event from audit_events e');
    const all = rows.map(({ event }) => event).join('\n');
    expect(secrets.size).toBeGreaterThan(10);
    expect(all).toContain('API_KEY');
    expect([...secrets].filter((secret) => all.includes(secret))).toEqual([]);
  });
});
