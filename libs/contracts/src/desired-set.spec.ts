import { describe, expect, it } from 'vitest';
import { desiredAfter } from './desired-set.js';
import type { DesiredAnswer, DesiredInstance, DesiredNode, DesiredRoute } from './node-protocol.js';

const instance = (id: string, release = 1) => ({ id, release }) as DesiredInstance;
const route = (environmentId: string, release = 1) => ({ environmentId, release }) as DesiredRoute;
const nodeId = 'node';
const none = { instances: [], environments: [] };
const before: DesiredNode = { nodeId, generation: 3, instances: [instance('a'), instance('b'), instance('c')], routes: [route('x'), route('y')] };

function difference(changes: Partial<DesiredAnswer>): DesiredAnswer {
  return { nodeId, generation: 5, since: 3, instances: [], routes: [], gone: none, ...changes };
}

describe('a desired set', () => {
  it('is replaced by a whole one', () => {
    const whole = { nodeId, generation: 9, instances: [instance('z')], routes: [] };
    expect(desiredAfter(before, { ...whole, since: null, gone: none })).toEqual(whole);
    expect(desiredAfter(null, { ...whole, since: null, gone: none })).toEqual(whole);
  });

  it('takes what changed in its place, what is new at its end, and loses what is gone', () => {
    const after = desiredAfter(before, difference({ instances: [instance('b', 2), instance('d')], routes: [route('y', 2)], gone: { instances: ['a', 'unknown'], environments: ['x'] } }));
    expect(after).toEqual({ nodeId, generation: 5, instances: [instance('b', 2), instance('c'), instance('d')], routes: [route('y', 2)] });
  });

  it('is the same after a difference that is laid over it twice, or that begins before it', () => {
    const changes = difference({ since: 1, instances: [instance('b', 2)], gone: { instances: ['c'], environments: [] } });
    const once = desiredAfter(before, changes);
    expect(desiredAfter(once, changes)).toEqual(once);
  });

  it('keeps the array of what did not change', () => {
    expect(desiredAfter(before, difference({ instances: [instance('a', 2)] })).routes).toBe(before.routes);
  });
});
