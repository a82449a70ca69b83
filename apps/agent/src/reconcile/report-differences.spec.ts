import { randomUUID } from 'node:crypto';
import type { ObservedInstance } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { type Observation, ReportDifferences } from './report-differences.js';

const tenMinutesMs = 10 * 60_000;

function instance(id: string, changes: Partial<ObservedInstance> = {}): ObservedInstance {
  return { id, observed: 'healthy', containerId: `container-${id}`, address: '10.0.0.2', restarts: 0, exitCode: null, outOfMemory: false, startedAt: null, failure: null, lastLines: [], ...changes };
}

function seen(changes: Partial<Observation> = {}): Observation {
  return { generation: 1, instances: [], absent: [], routes: [], traffic: [], ...changes };
}

describe('reports of what is seen', () => {
  it('begin with the whole, then hold only what changed since the last one that was taken', () => {
    const differences = new ReportDifferences();
    const [one, two] = [instance('one'), instance('two')];
    const first = differences.next(seen({ instances: [one, two] }), 0);
    expect(first.report).toMatchObject({ seq: 1, after: null, instances: [one, two] });
    first.took();
    const changed = instance('two', { restarts: 1 });
    const second = differences.next(seen({ instances: [instance('one'), changed] }), 1000);
    expect(second.report).toMatchObject({ seq: 2, after: 1, instances: [changed] });
    second.took();
    expect(differences.next(seen({ instances: [one, changed] }), 2000).report).toMatchObject({ seq: 3, after: 2, instances: [] });
  });

  it('say again what was in a report that nobody took, building on the one before', () => {
    const differences = new ReportDifferences();
    differences.next(seen(), 0).took();
    differences.next(seen({ instances: [instance('one')] }), 1000);
    expect(differences.next(seen({ instances: [instance('one')] }), 2000).report).toMatchObject({ seq: 3, after: 1, instances: [instance('one')] });
  });

  it('are whole again, as another session, once what they build on is not known, and every ten minutes', () => {
    const differences = new ReportDifferences();
    const all = seen({ instances: [instance('one')] });
    const first = differences.next(all, 0);
    first.took();
    differences.forget();
    const again = differences.next(all, 1000);
    expect(again.report).toMatchObject({ seq: 1, after: null, instances: all.instances });
    expect(again.report.session).not.toBe(first.report.session);
    again.took();
    expect(differences.next(all, 1000 + tenMinutesMs - 1).report.instances).toEqual([]);
    expect(differences.next(all, 1000 + tenMinutesMs).report).toMatchObject({ after: null, instances: all.instances });
  });

  it('tell once that there is nothing of an instance, and once that an instance that was there is no more', () => {
    const differences = new ReportDifferences();
    const [never, ended] = [randomUUID(), randomUUID()];
    differences.next(seen({ instances: [instance(ended)] }), 0).took();
    const told = differences.next(seen({ absent: [never, ended] }), 1000);
    expect(told.report.absent).toEqual([never, ended]);
    told.took();
    expect(differences.next(seen({ absent: [never, ended] }), 2000).report.absent).toEqual([]);
  });

  it('are news with a new generation or anything that changed, and else only say that the agent lives', () => {
    const differences = new ReportDifferences();
    const next = (changes: Partial<Observation>) => differences.next(seen({ instances: [instance('one')], ...changes }), 1000);
    const first = next({});
    expect(first.isNews).toBe(true);
    first.took();
    expect(next({}).isNews).toBe(false);
    expect(next({ generation: 2 }).isNews).toBe(true);
    expect(next({ instances: [instance('one', { restarts: 1 })] }).isNews).toBe(true);
    expect(next({ absent: ['two'] }).isNews).toBe(true);
  });

  it('hold the routes and the counts that changed', () => {
    const differences = new ReportDifferences();
    const route = { environmentId: randomUUID(), serving: [randomUUID()], draining: 0, failure: null };
    const other = { ...route, environmentId: randomUUID() };
    const count = { deploymentId: randomUUID(), environmentId: route.environmentId, requests: 1, failed: 0, connectionsDropped: 0, slowestMs: 1 };
    differences.next(seen({ routes: [route, other], traffic: [count] }), 0).took();
    const { report } = differences.next(seen({ routes: [{ ...route, draining: 2 }, { ...other }], traffic: [{ ...count, requests: 2 }] }), 1000);
    expect(report.routes).toEqual([{ ...route, draining: 2 }]);
    expect(report.traffic).toEqual([{ ...count, requests: 2 }]);
  });
});
