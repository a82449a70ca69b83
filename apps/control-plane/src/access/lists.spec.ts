import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { type Received, TestControlPlane } from '../test-control-plane.js';

interface List {
  /** @returns the id of a new one */
  readonly make: (number: number) => Promise<string>;
  readonly list: (query: Record<string, string>) => Promise<Received<{ items: { id: string }[]; nextCursor: string | null }>>;
  readonly remove: (id: string) => Promise<unknown>;
}

let platform: TestControlPlane;
const params = { app: 'mine' };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  await platform.call(api.createApp, { body: { name: 'mine' } });
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

function publicKey(name: string): string {
  execFileSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', `${platform.config.home}/${name}`]);
  return readFileSync(`${platform.config.home}/${name}.pub`, 'utf8');
}

const lists: Record<string, List> = {
  users: {
    make: async (number) => (await platform.call(api.inviteUser, { body: { email: `user${number}@example.com` } })).ok.user.id,
    list: (query) => platform.call(api.listUsers, { query }),
    remove: (userId) => platform.call(api.removeUser, { params: { userId } }),
  },
  members: {
    make: async () => (await platform.call(api.setMember, { params, body: { email: (await platform.makeUser('member')).email, role: 'viewer' } })).ok.id,
    list: (query) => platform.call(api.listMembers, { params, query }),
    remove: (memberId) => platform.call(api.removeMember, { params: { ...params, memberId } }),
  },
  'robots, whatever their names': {
    make: async (number) => (await platform.call(api.createRobot, { body: { name: `${'機'.repeat(99)}${number}` } })).ok.id,
    list: (query) => platform.call(api.listRobots, { query }),
    remove: (robotId) => platform.call(api.removeRobot, { params: { robotId } }),
  },
  'SSH keys': {
    make: async (number) => (await platform.call(api.addSshKey, { body: { name: 'laptop', publicKey: publicKey(`key${number}`) } })).ok.id,
    list: (query) => platform.call(api.listSshKeys, { query }),
    remove: (keyId) => platform.call(api.removeSshKey, { params: { keyId } }),
  },
  nodes: {
    make: async (number) => {
      const id = randomUUID();
      await platform.dataSource.query(`insert into nodes (id, name, token_hash, roles, availability) values ($1, $2, $2, '{instances}', 'draining')`, [id, `a-node-${number}`]);
      return id;
    },
    list: (query) => platform.call(api.listNodes, { query }),
    remove: async (id) => {
      const [{ name }]: [{ name: string }] = await platform.dataSource.query('select name from nodes where id = $1', [id]);
      return await platform.call(api.removeNode, { params: { node: name } });
    },
  },
};

it.each(Object.entries(lists))('the list of %s goes on where it was when the last one shown has gone', async (_, { make, list, remove }) => {
  const made = [await make(1), await make(2), await make(3)];
  const { items, nextCursor } = (await list({ limit: '1' })).ok;
  const gone = items[0]?.id ?? '';
  await remove(gone);
  const rest = (await list({ cursor: nextCursor ?? '' })).ok.items.map(({ id }) => id);
  expect(made).toContain(gone);
  // Some are there from the start.
  expect(rest.filter((id) => made.includes(id)).toSorted()).toEqual(made.filter((id) => id !== gone).toSorted());
});
