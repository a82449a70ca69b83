import type { DesiredRoute } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { addresses, environment, route } from './fixtures/routes.js';
import { emptyPool, type Pool } from './proxy-state.js';
import { SettledRoutes } from './settled-routes.js';
import { wishOf, type InstanceAddress } from './wish.js';

const one = { id: 'one', port: 1001 };
const two = { id: 'two', port: 1002 };
const served = route([one]);
const there = addresses([one]);

function settledWith(given: DesiredRoute, known: ReadonlyMap<string, InstanceAddress>): SettledRoutes {
  const settled = new SettledRoutes();
  settled.set({ route: given, wish: wishOf(given, known), observed: { environmentId: environment, serving: [...given.serving], draining: 0, failure: null } });
  return settled;
}

function poolWith(...instanceIds: string[]): Pool {
  const pool = emptyPool('pool-0001');
  for (const [index, instanceId] of instanceIds.entries()) Object.assign(pool.slots[index] ?? {}, { instanceId });
  return pool;
}

describe('routes that are true already', () => {
  it('passes over a route that says the same again, in objects of its own', () => {
    expect(settledWith(served, there).isTrue(structuredClone(served), addresses([one]), poolWith('one'))).toBe(true);
  });

  it.each<[string, DesiredRoute, ReadonlyMap<string, InstanceAddress>]>([
    ['a release', route([one], { release: 2 }), there],
    ['a host', route([one], { hosts: ['other.localhost'] }), there],
    ['one host more', route([one], { hosts: ['myapp.localhost', 'other.localhost'] }), there],
    ['an app of another name', route([one], { app: 'other' }), there],
    ['an environment of another id', route([one], { environmentId: 'another' }), there],
    ['another instance', route([two]), addresses([one, two])],
    ['one instance more', route([one, two]), addresses([one, two])],
    ['no instance', route([]), there],
    ['another address of the instance', served, addresses([{ ...one, port: 1003 }])],
    ['an instance that only drains', served, addresses([], [one])],
    ['an instance that is gone', served, addresses([])],
  ])('looks at %s', (_, now, known) => {
    expect(settledWith(served, there).isTrue(now, known, poolWith('one'))).toBe(false);
  });

  it('looks at a route whose drained instance is gone: it has to leave its slot', () => {
    const settled = settledWith(served, there);
    expect(settled.isTrue(served, addresses([one], [two]), poolWith('one', 'two'))).toBe(true);
    expect(settled.isTrue(served, there, poolWith('one', 'two'))).toBe(false);
  });

  it('passes over one that waits for its instances to have addresses, until they do', () => {
    const settled = settledWith(route([one, two]), there);
    expect(settled.isTrue(route([one, two]), there, poolWith('one'))).toBe(true);
    expect(settled.isTrue(route([one, two]), addresses([one, two]), poolWith('one'))).toBe(false);
  });
});
