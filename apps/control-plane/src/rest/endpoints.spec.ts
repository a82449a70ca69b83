import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;
beforeAll(async () => {
  platform = await TestControlPlane.start();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

describe('a right that goes away while a body arrives', () => {
  it('is not had any more by who sends it', async () => {
    const { id, token } = await platform.makeToken(null, ['read', 'deploy']);
    const { hostname, port } = new URL(platform.url);
    const begun = request({ host: hostname, port, method: 'POST', path: '/api/v1/apps', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
    const answered = once(begun, 'response') as Promise<[IncomingMessage]>;
    begun.write('{"name":');
    // Whoever asks later on another connection is answered when the first is known to be somebody.
    expect((await platform.call(api.me, { as: { token } })).status).toBe(200);
    expect((await platform.call(api.revokeToken, { params: { tokenId: id } })).status).toBe(204);
    begun.end('"survivor"}');
    const [answer] = await answered;
    expect(answer.resume().statusCode).toBe(401);
    expect((await platform.call(api.getApp, { params: { app: 'survivor' } })).status).toBe(404);
  });
});

describe('input', () => {
  it('names every field that is wrong', async () => {
    const { status, problem } = await platform.call(api.createApp, { body: { name: 'My_App', deployBranch: 'a b', colour: 'red' } });
    expect(status).toBe(422);
    expect(problem.code).toBe('invalid_input');
    expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(['colour', 'deployBranch', 'name']);
    expect(problem.detail).toContain('name: must be lower-case letters');
  });

  it('names the key of a record that is wrong, and why', async () => {
    const { problem } = await platform.call(api.updateConfig, { params: { app: 'ghost', environment: 'production' }, body: { set: { 'MY-KEY': 'x', PORT: '1', GOOD: 7 } } });
    expect(problem.errors).toEqual(
      expect.arrayContaining([
        { path: 'set.MY-KEY', message: 'must be letters, digits and underscores and not start with a digit' },
        { path: 'set.PORT', message: 'is set by Molo itself; take another key' },
        expect.objectContaining({ path: 'set.GOOD' }),
      ]),
    );
  });

  it.each(['../etc', 'molo', 'a', 'x'.repeat(41), 'my--app', 'App', '-app', 'äpp', ''])('refuses an app named %j', async (name) => {
    const { status, problem } = await platform.call(api.createApp, { body: { name } });
    expect([status, problem.errors?.[0]?.path]).toEqual([422, 'name']);
  });

  it('refuses the key that schemas pass over in silence', async () => {
    const { status, problem } = await platform.call(api.updateConfig, { params: { app: 'ghost', environment: 'production' }, body: '{"set":{"GOOD":"1","__proto__":"x"}}' });
    expect([status, problem.errors]).toEqual([422, [{ path: 'set.__proto__', message: 'is reserved; take another key' }]]);
  });

  it('is refused however deep it is nested', async () => {
    for (const body of [`${'['.repeat(150_000)}${']'.repeat(150_000)}`, `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`]) {
      expect((await platform.call(api.createApp, { body })).status).toBe(422);
    }
  });

  it('refuses a body that is not JSON by its type', async () => {
    const { status, problem } = await platform.call(api.createApp, { body: 'name=myapp', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([status, problem.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('refuses JSON that is broken', async () => {
    const { status, problem } = await platform.call(api.createApp, { body: '{"name": ' });
    expect([status, problem.code]).toEqual([400, 'malformed_request']);
  });

  it('refuses a body of more than a megabyte', async () => {
    const { status, problem } = await platform.call(api.createApp, { body: { name: 'x'.repeat(1_100_000) } });
    expect([status, problem.code]).toEqual([413, 'payload_too_large']);
  });

  it('refuses a body where none is taken', async () => {
    const { status, problem } = await platform.call(api.createApp, { body: 'null' });
    expect([status, problem.code]).toEqual([422, 'invalid_input']);
  });

  it('refuses text that no database keeps', async () => {
    for (const name of ['a\0b', 'half \ud83d']) {
      const { status, problem } = await platform.call(api.createToken, { body: { name } });
      expect([status, problem.errors?.[0]?.path]).toEqual([422, 'name']);
      expect((await platform.call(api.signIn, { as: 'anonymous', body: { email: name, password: 'x' } })).status).toBe(422);
    }
  });

  it('refuses a release number that none can have', async () => {
    const { status } = await platform.call(api.getRelease, { params: { app: 'ghost', environment: 'production', number: '99999999999' } });
    expect(status).toBe(422);
  });

  it('refuses a page size and a cursor that are no good', async () => {
    const { problem } = await platform.call(api.listApps, { query: { limit: '0' } });
    expect(problem.errors?.[0]?.path).toBe('limit');
    for (const cursor of ['rubbish', Buffer.from('{"a":1}').toString('base64url')]) {
      const answer = await platform.call(api.listApps, { query: { cursor } });
      expect([answer.status, answer.problem.errors?.[0]?.path]).toEqual([422, 'cursor']);
    }
  });

  it('answers for an address that cannot be decoded', async () => {
    const { status } = await platform.send('GET', '/api/v1/apps/%E0%A4%A');
    expect(status).toBe(400);
  });
});

describe('addresses', () => {
  it('answers an unknown address with a problem', async () => {
    const { status, headers, text } = await platform.send('GET', '/api/v1/nothing');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ code: 'not_found' });
  });

  it('says which methods an address takes', async () => {
    const { status, headers } = await platform.send('PUT', '/api/v1/apps');
    expect([status, headers.get('allow')]).toEqual([405, 'GET, POST']);
  });
});
