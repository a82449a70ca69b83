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

describe('the status', () => {
  it('tells everybody what is up, and why something is down only to those who may read', async () => {
    const { ok: open } = await platform.call(api.status, { as: 'anonymous' });
    expect(open.parts.map(({ name, up }) => [name, up])).toEqual([['postgres', true], ['redis', true], ['registry', false], ['node local', false]]);
    expect(open.parts.every(({ detail }) => detail === null)).toBe(true);
    const { ok: full } = await platform.call(api.status);
    expect(full.parts.find(({ name }) => name === 'node local')?.detail).toContain('has not said anything yet');
  });
});
