import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, apiPrefix, type Endpoint, TokenRight } from '@molo/contracts';
import { moloItself } from '../access/caller.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { type As, TestControlPlane } from '../test-control-plane.js';

const all = [...TokenRight.options];
/** Nothing else is named like this: where it is in an answer, the answer tells of the other app, its people or its things. */
const secret = 'zebra';
const ids = { mine: { deploymentId: '', robotId: '' }, others: { deploymentId: '', robotId: '' } };
const callers = new Map<string, As>();
let platform: TestControlPlane;

beforeAll(async () => {
  platform = await TestControlPlane.start();
  const admin = await platform.makeUser('sysadmin');
  const mine = await makeApp('mine', 'plain');
  await makeApp(`${secret}-app`, secret);
  const robot = (await platform.call(api.createRobotToken, { params: { robotId: ids.mine.robotId }, body: { name: 'x', rights: all } })).ok;
  callers.set("a sysadmin's token for the app", await platform.makeToken(admin, all, { appIds: [mine] }));
  callers.set("the owner's token for the app", await platform.makeToken(null, all, { appIds: [mine] }));
  callers.set('a robot of the app', robot);
  // Beside the limited one its user has others, for the other app, and a wide one.
  const other = (await platform.call(api.getApp, { params: { app: `${secret}-app` } })).ok.id;
  for (const user of [admin, null]) await platform.makeToken(user, all, { appIds: [other], name: `token for ${secret}` });
  for (const user of [admin, null]) await platform.makeToken(user, all, { appIds: [mine, other], name: 'for two' });
}, 60_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function makeApp(name: string, word: string): Promise<string> {
  const { id } = (await platform.call(api.createApp, { body: { name } })).ok;
  const params = { app: name, environment: 'production' };
  await platform.call(api.addDomain, { params, body: { host: `${word}.example.com` } });
  await platform.call(api.updateConfig, { params, body: { set: { [`${word.toUpperCase()}_KEY`]: word } } });
  const member = await platform.makeUser('member');
  await platform.dataSource.query('update users set name = $2, email = $3 where id = $1', [member.id, `${word} user`, `${word}@example.com`]);
  await platform.call(api.setMember, { params, body: { email: `${word}@example.com`, role: 'developer' } });
  await platform.call(api.createTeam, { body: { name: `${word}-team` } });
  await platform.call(api.addTeamUser, { params: { team: `${word}-team`, userId: member.id } });
  await platform.call(api.setMember, { params, body: { team: `${word}-team`, role: 'viewer' } });
  const robot = (await platform.call(api.createAppRobot, { params, body: { name: `${word} robot` } })).ok;
  Object.assign(word === secret ? ids.others : ids.mine, { robotId: robot.id, deploymentId: await deploy(id, word) });
  return id;
}

async function deploy(appId: string, word: string): Promise<string> {
  const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const commit = { id, subject: `Change ${word}`, author: word };
  const deployments = platform.app.get(DeploymentsService);
  const { deploymentId } = await deployments.push({ appId, environmentName: 'production', commit, treeId: id, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself });
  // One that has ended, so that its stream ends too.
  await deployments.cancel(deploymentId, moloItself);
  return deploymentId;
}

async function ask(endpoint: Endpoint, as: As, params: Record<string, string>): Promise<{ status: number; text: string }> {
  const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? randomUUID());
  return await platform.send(endpoint.method, apiPrefix + path, { as });
}

const reads = Object.entries<Endpoint>(api).filter(([, { method }]) => method === 'GET');
/** What the path itself says is in the answer that there is no such thing. */
const withoutAddress = (text: string) => text.replaceAll(`/apps/${secret}-app`, '').replaceAll(`There is no app ${secret}-app.`, '');

describe('a token that is limited to one app', () => {
  it.each(reads)('reads nothing of another app, its people or its things: %s', async (_name, endpoint) => {
    for (const [who, as] of callers) {
      const own = await ask(endpoint, as, { app: 'mine', environment: 'production', number: '1', ...ids.mine });
      expect([who, own.text]).toEqual([who, expect.not.stringMatching(new RegExp(secret, 'i'))]);
      const other = await ask(endpoint, as, { app: `${secret}-app`, environment: 'production', number: '1', ...ids.others });
      expect([who, withoutAddress(other.text)]).toEqual([who, expect.not.stringMatching(new RegExp(secret, 'i'))]);
    }
  });

  it('reads those of its own, and without the limit one reads the other', async () => {
    for (const as of callers.values()) expect((await ask(api.listMembers, as, { app: 'mine' })).text).toContain('plain@example.com');
    for (const endpoint of [api.listApps, api.listRobots, api.listAudit, api.listUsers, api.listTeams, api.listTokens]) expect((await ask(endpoint, 'owner', {})).text).toContain(secret);
  });
});
