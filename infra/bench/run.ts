import { createToken } from '../demo/molo.ts';
import { readSettings } from '../setup/settings.ts';
import { main, say, StepFailed } from '../terminal/progress.ts';
import { measureBytes } from './bytes.ts';
import { measureChanges } from './changes.ts';
import type { Figure } from './figures.ts';
import { measureIdle } from './idle.ts';
import { measureIngress } from './ingress.ts';
import { measureLifecycle } from './lifecycle.ts';
import { measureLogs } from './logs.ts';
import { measurePeers } from './peers.ts';
import { measurePush } from './push.ts';
import { report } from './report.ts';
import { Stage } from './stage.ts';

/** Runs in the home of the platform that is measured. */
const measures: Readonly<Record<string, (stage: Stage, pairs: number) => Promise<Figure[]>>> = {
  push: measurePush,
  peers: measurePeers,
  changes: measureChanges,
  bytes: measureBytes,
  ingress: measureIngress,
  logs: measureLogs,
  idle: measureIdle,
  // The last: from then on the platform's own node runs nothing any more.
  lifecycle: measureLifecycle,
};

await main(async () => {
  const [pairs = '10', ...named] = process.argv.slice(2);
  const unknown = named.filter((name) => !Object.hasOwn(measures, name));
  if (unknown.length > 0) throw new StepFailed(`there is no figure ${unknown.join(', ')}`, { advice: `Name one or more of ${Object.keys(measures).join(', ')}, or none for all.` });
  const { token } = await createToken('npm run bench', ['read', 'deploy', 'administer']);
  await using stage = await Stage.open(readSettings(), token);
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(measures)) {
    if (named.length > 0 && !named.includes(name)) continue;
    say(`\n${name}`);
    figures.push(...(await measure(stage, Number(pairs))));
  }
  return report(figures) ? 0 : 1;
});
