import { beforeEach, describe, expect, it } from 'vitest';
import { ingressPaths } from './config.js';
import { claim, emptyProxyState, type Pool, type ProxyState } from './proxy-state.js';
import { backendOf, isServing, planEnter, planHosts, planLeave, planRelease } from './switch-plan.js';
import type { EnvironmentWish, WantedServer } from './wish.js';

const paths = ingressPaths('/m');
const owner = { environmentId: 'e1', app: 'myapp', environment: 'production' };

function server(instanceId: string, host: string): WantedServer {
  return { instanceId, host, port: 8080 };
}

function wish(serving: readonly WantedServer[], alive: readonly string[] = [], release = 1): EnvironmentWish {
  const ids = new Set([...alive, ...serving.map((one) => one.instanceId)]);
  return { owner, release, hosts: ['myapp.localhost'], serving, isAlive: (id) => ids.has(id) };
}

describe('the plan of a switch', () => {
  let state: ProxyState;
  let pool: Pool;

  beforeEach(() => {
    state = emptyProxyState(3);
    pool = state.pools.get('pool-0001') as Pool;
    claim(state, pool, owner);
    planEnter(paths, pool, wish([server('old', '10.0.0.1')]));
  });

  it('brings the new in first, with its address before its state', () => {
    const next = wish([server('new', '10.0.0.2')], ['old'], 2);
    expect(planEnter(paths, pool, next)).toEqual([
      'set server pool-0001/p0001s2 addr 10.0.0.2 port 8080',
      'add map /m/ingress/maps/servers.map p0001s2 new/2',
      'set server pool-0001/p0001s2 state ready',
    ]);
    expect(pool.slots[0]?.state).toBe('ready');
    expect(planLeave(paths, pool, next)).toEqual(['set server pool-0001/p0001s1 state drain']);
  });

  it('says nothing when all is as wished', () => {
    const same = wish([server('old', '10.0.0.1')]);
    expect([...planEnter(paths, pool, same), ...planLeave(paths, pool, same)]).toEqual([]);
  });

  it('frees the slot of an instance that is no more', () => {
    expect(planLeave(paths, pool, wish([]))).toEqual(['set server pool-0001/p0001s1 state maint', 'del map /m/ingress/maps/servers.map p0001s1']);
    expect(pool.slots[0]).toMatchObject({ state: 'maint', instanceId: null });
  });

  it('follows an instance to its new address', () => {
    expect(planEnter(paths, pool, wish([server('old', '10.0.0.9')]))).toEqual(['set server pool-0001/p0001s1 addr 10.0.0.9 port 8080']);
  });

  it('adds a server when the slots are full, and deletes it when it is free', () => {
    const many = Array.from({ length: 9 }, (_, index) => server(`i${index}`, `10.0.1.${index}`));
    const commands = planEnter(paths, pool, wish(many, ['old']));
    expect(commands).toContain('add server pool-0001/p0001x1 10.0.1.7:8080');
    expect(commands).toContain('add server pool-0001/p0001x2 10.0.1.8:8080');
    expect(planLeave(paths, pool, wish(many.slice(0, 8)))).toEqual(expect.arrayContaining(['set server pool-0001/p0001x2 state maint', 'del server pool-0001/p0001x2']));
  });

  it('does not take a server that HAProxy has down for one that serves', () => {
    const wanted = wish([server('old', '10.0.0.1')]);
    expect(isServing(pool, wanted)).toBe(true);
    Object.assign(pool.slots[0] ?? {}, { state: 'down' });
    expect(isServing(pool, wanted)).toBe(false);
  });

  it('moves a host in one step, heals a host that is there twice, and forgets a host that nobody wants', () => {
    state.hosts.set('a.localhost', ['pool-0001']).set('twice.localhost', ['pool-0001', 'pool-0002']).set('gone.localhost', ['pool-0003']);
    const wanted = new Map([
      ['a.localhost', 'pool-0002'],
      ['twice.localhost', 'pool-0001'],
      ['new.localhost', 'pool-0001'],
    ]);
    expect(planHosts(paths, state, wanted)).toEqual({
      enter: ['set map /m/ingress/maps/hosts.map a.localhost pool-0002', 'set map /m/ingress/maps/hosts.map twice.localhost pool-0001', 'add map /m/ingress/maps/hosts.map new.localhost pool-0001'],
      leave: ['del map /m/ingress/maps/hosts.map gone.localhost'],
    });
    expect(planHosts(paths, state, wanted)).toEqual({ enter: [], leave: [] });
  });

  it('shows the idle page only where nothing was ever deployed', () => {
    expect(backendOf(pool, { ...wish([]), release: null })).toBe('molo-idle');
    expect(backendOf(pool, wish([]))).toBe('pool-0001');
  });

  it('leaves nothing behind in a pool that is given back', () => {
    planRelease(paths, pool);
    expect(pool.slots.every((slot) => slot.state === 'maint' && slot.instanceId === null)).toBe(true);
    expect(pool.record).toBeNull();
  });
});
