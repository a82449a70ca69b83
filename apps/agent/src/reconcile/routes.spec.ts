import { describe, expect, it } from 'vitest';
import type { DesiredInstance, DesiredNode } from '@molo/contracts';
import { addressesOf, type Reachable } from './routes.js';

const environmentId = '6d6f6c6f-0000-4000-8000-000000000001';

function instance(id: string, desired: DesiredInstance['desired'] = 'running'): DesiredInstance {
  return { id, environmentId, desired, port: 8080, runsOnce: false } as DesiredInstance;
}

function node(serving: string[], ...instances: DesiredInstance[]): DesiredNode {
  const route = { environmentId, app: 'myapp', environment: 'production', hosts: [], release: 1, serving, countingDeploymentId: null };
  return { nodeId: environmentId, generation: 1, instances, routes: [route] };
}

function healthy(...ids: string[]): Map<string, Reachable> {
  return new Map(ids.map((id, index) => [id, { observed: 'healthy', address: `10.0.0.${index + 2}` }]));
}

describe('the addresses that the ingress is told', () => {
  it('hold an instance that served until now and is still to run, so that it leaves only after the new one came', () => {
    const addresses = addressesOf(node(['new'], instance('old'), instance('new')), healthy('old', 'new'), new Set(['old']));
    expect(addresses.get('new')?.state).toBe('serving');
    expect(addresses.get('old')?.state).toBe('draining');
  });

  it('do not hold an instance that has not served yet', () => {
    const addresses = addressesOf(node(['old'], instance('old'), instance('new')), healthy('old', 'new'), new Set(['old']));
    expect([...addresses.keys()]).toEqual(['old']);
  });

  it('hold one that drains until it has no address', () => {
    const wanted = node(['new'], instance('old', 'draining'), instance('new'));
    expect(addressesOf(wanted, healthy('old', 'new'), new Set()).get('old')?.state).toBe('draining');
    expect(addressesOf(wanted, healthy('new'), new Set()).has('old')).toBe(false);
  });

  it('send requests to the healthy ones of those that serve, and to all where none is healthy', () => {
    const seen = new Map<string, Reachable>([['one', { observed: 'unhealthy', address: '10.0.0.2' }], ['two', { observed: 'healthy', address: '10.0.0.3' }]]);
    const wanted = node(['one', 'two'], instance('one'), instance('two'));
    expect(addressesOf(wanted, seen, new Set()).has('one')).toBe(false);
    seen.set('two', { observed: 'unhealthy', address: '10.0.0.3' });
    expect([...addressesOf(wanted, seen, new Set()).values()].map(({ state }) => state)).toEqual(['serving', 'serving']);
  });
});
