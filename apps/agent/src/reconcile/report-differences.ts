import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ObservedInstance, ObservedNode, ObservedRoute, TrafficCount } from '@molo/contracts';

/** All that the agent sees now, without what makes a report of it. */
export type Observation = Omit<ObservedNode, 'seq' | 'session' | 'after'>;

interface Said {
  readonly absent: ReadonlyMap<string, unknown>;
  readonly instances: ReadonlyMap<string, unknown>;
  readonly routes: ReadonlyMap<string, unknown>;
  readonly traffic: ReadonlyMap<string, unknown>;
}

export interface Report {
  readonly report: ObservedNode;
  /** Whether it says more than that the agent lives. */
  readonly isNews: boolean;
  /** To be called when the control plane took it. */
  readonly took: () => void;
}

/** Whatever went wrong with differences, on either side, ends with the whole. */
const wholeEveryMs = 10 * 60_000;

/** Makes of what is seen a report of what changed since the last that the control plane took, and of the whole where that is not known. */
export class ReportDifferences {
  private taken: { readonly seq: number; readonly generation: number; readonly said: Said } | null = null;
  private wholeAt = -Infinity;
  private lastSeq = 0;
  private session = randomUUID();

  /** @param now milliseconds of a clock that only goes forward */
  next(observation: Observation, now: number): Report {
    const isWhole = this.taken === null || now - this.wholeAt >= wholeEveryMs;
    const seq = ++this.lastSeq;
    const said = whatIsSaid(observation);
    const known = isWhole ? null : this.taken;
    const news = <Item>(kind: keyof Said): Item[] => {
      const found: Item[] = [];
      for (const [id, value] of said[kind]) if (isNewTo(known?.said[kind].get(id), value)) found.push(value as Item);
      return found;
    };
    const report: ObservedNode = {
      generation: observation.generation,
      seq,
      session: this.session,
      after: known?.seq ?? null,
      instances: news<ObservedInstance>('instances'),
      absent: news<string>('absent'),
      routes: news<ObservedRoute>('routes'),
      traffic: news<TrafficCount>('traffic'),
    };
    const took = () => {
      this.taken = { seq, generation: report.generation, said };
      if (isWhole) this.wholeAt = now;
    };
    const isNews = known?.generation !== report.generation || [report.instances, report.absent, report.routes, report.traffic].some((list) => list.length > 0);
    return { report, isNews, took };
  }

  /** The control plane does not have what the last report was built on, or takes this agent for one of before. */
  forget(): void {
    this.taken = null;
    this.session = randomUUID();
    this.lastSeq = 0;
  }
}

/** What is the same object is looked at no further: of ten thousand routes one changes at a time. */
function isNewTo(known: unknown, value: unknown): boolean {
  return known !== value && !isDeepStrictEqual(known, value);
}

function whatIsSaid({ instances, absent, routes, traffic }: Observation): Said {
  const there = new Set(instances.map(({ id }) => id));
  return {
    instances: byId(instances, ({ id }) => id),
    absent: byId(absent.filter((id) => !there.has(id)), (id) => id),
    routes: byId(routes, ({ environmentId }) => environmentId),
    traffic: byId(traffic, ({ deploymentId }) => deploymentId),
  };
}

function byId<Item>(items: readonly Item[], idOf: (item: Item) => string): Map<string, Item> {
  const map = new Map<string, Item>();
  for (const item of items) map.set(idOf(item), item);
  return map;
}
