import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type MoloClient } from '@molo/client';
import type { ListTimes, ProbeOrder } from './list-probe.ts';
import { production } from './stage.ts';

/*
 * Asks for each of the lists in turn: told of what by its first message, it answers its second with how long each took.
 * It ends with whoever started it.
 */

const probeEveryMs = 40;

process.once('disconnect', () => process.exit());
process.once('message', (order: ProbeOrder) => {
  let isAsked = true;
  process.once('message', () => (isAsked = false));
  void probe(order, () => isAsked).then((times) => process.send?.(times));
});

async function probe({ baseUrl, token, apps }: ProbeOrder, isAsked: () => boolean): Promise<ListTimes> {
  const lists = listsOf(createClient({ baseUrl, headers: { authorization: `Bearer ${token}` } }));
  const times = Object.fromEntries(Object.keys(lists).map((name): [string, number[]] => [name, []]));
  for (let turn = 0; isAsked(); turn += 1) {
    for (const [name, list] of Object.entries(lists)) {
      const app = apps[(turn * 7919) % apps.length] ?? '';
      const askedAt = performance.now();
      await list(app);
      times[name]?.push(performance.now() - askedAt);
      await pause(probeEveryMs);
    }
  }
  return times;
}

/** Pages as the dashboard and the CLI ask for them. */
function listsOf(molo: MoloClient): Readonly<Record<string, (app: string) => Promise<unknown>>> {
  const of = (app: string) => ({ params: { app, ...production } });
  return {
    apps: () => molo.listApps({}),
    releases: (app) => molo.listReleases(of(app)),
    deployments: (app) => molo.listDeployments(of(app)),
    instances: (app) => molo.listInstances(of(app)),
    images: (app) => molo.listImages({ params: { app } }),
    nodes: () => molo.listNodes({}),
    audit: () => molo.listAudit({}),
  };
}
