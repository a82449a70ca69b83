import { isDeepStrictEqual } from 'node:util';
import type { ObservedNode } from '@molo/contracts';

/** All that the agent sees now, without what makes a report of it. */
export type Observation = Omit<ObservedNode, 'seq' | 'agentStartedAt' | 'after'>;

type Said = ReadonlyMap<string, unknown>;

/** Whatever went wrong with differences, on either side, ends with the whole. */
const wholeEveryMs = 10 * 60_000;

/** Makes of what is seen a report of what changed since the last that the control plane took, and of the whole where that is not known. */
export class ReportDifferences {
  private taken: { readonly seq: number; readonly said: Said } | null = null;
  private wholeAt = -Infinity;
  private lastSeq = 0;

  /** @param now milliseconds of a clock that only goes forward */
  next(observation: Observation, agentStartedAt: string, now: number): { report: ObservedNode; took: () => void } {
    const isWhole = this.taken === null || now - this.wholeAt >= wholeEveryMs;
    const seq = ++this.lastSeq;
    const said = whatIsSaid(observation);
    const known = isWhole ? null : this.taken;
    // What is the same object is looked at no further: of ten thousand routes one changes at a time.
    const isNew = (key: string) => !isDeepStrictEqual(known?.said.get(key), said.get(key));
    const report = {
      ...observation,
      seq,
      agentStartedAt,
      after: known?.seq ?? null,
      instances: observation.instances.filter(({ id }) => isNew(id)),
      absent: observation.absent.filter(isNew),
      routes: observation.routes.filter(({ environmentId }) => isNew(routeKey(environmentId))),
      traffic: observation.traffic.filter(({ deploymentId }) => isNew(trafficKey(deploymentId))),
    };
    const took = () => {
      this.taken = { seq, said };
      if (isWhole) this.wholeAt = now;
    };
    return { report, took };
  }

  /** The control plane does not have what the last report was built on. */
  forget(): void {
    this.taken = null;
  }
}

function whatIsSaid({ instances, absent, routes, traffic }: Observation): Said {
  const said = new Map<string, unknown>();
  for (const id of absent) said.set(id, 'absent');
  for (const instance of instances) said.set(instance.id, instance);
  for (const route of routes) said.set(routeKey(route.environmentId), route);
  for (const count of traffic) said.set(trafficKey(count.deploymentId), count);
  return said;
}

function routeKey(environmentId: string): string {
  return `route ${environmentId}`;
}

function trafficKey(deploymentId: string): string {
  return `traffic ${deploymentId}`;
}
