import * as fc from 'fast-check';
import type { DeploymentEvent } from '@molo/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeploymentStream } from '../deployments/deployment-stream.js';
import { LifecycleBench } from '../deployments/lifecycle-bench.js';
import { NodeReports } from './node-reports.js';

let bench: LifecycleBench;
let reports: NodeReports;
let deploymentId: string;

beforeEach(async () => {
  bench = await LifecycleBench.start();
  reports = bench.module.get(NodeReports);
  deploymentId = await bench.push('a'.repeat(40));
  await bench.until(deploymentId, (state) => state === 'live');
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const all = Array.from({ length: 40 }, (_, index) => (index % 7 === 0 ? '' : `line ${index}`));
const chunk = (key: string, from: number, to: number) => ({ deploymentId, source: 'web.1', key, line: from, text: all.slice(from, to).join('\n') });

async function linesOf(source: string): Promise<string[]> {
  const events: DeploymentEvent[] = [];
  for await (const event of bench.module.get(DeploymentStream).follow(deploymentId, 0)) events.push(event);
  return events.flatMap((event) => (event.kind === 'log' && event.source === source ? event.text.split('\n') : []));
}

describe('lines of a container', () => {
  it('are taken once, in their order, wherever they are sent again from and however they are cut', async () => {
    let series = 0;
    // Each says the number of lines of a chunk, and how many lines the next goes back: an agent that starts again goes back to its first.
    const sending = fc.array(fc.record({ lines: fc.integer({ min: 1, max: 12 }), back: fc.constantFrom(0, 0, 0, 1, 5, 40) }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sending, async (sends) => {
        series += 1;
        const key = `c${series}:lines`;
        const source = `web.${series}`;
        let [at, furthest] = [0, 0];
        for (const { lines, back } of sends) {
          const to = Math.min(at + lines, all.length);
          if (to > at) await reports.takeLogs(bench.agent.nodeId, [{ ...chunk(key, at, to), source }]);
          furthest = Math.max(furthest, to);
          at = Math.max(0, to - back);
        }
        expect(await linesOf(source)).toEqual(all.slice(0, furthest));
      }),
      { numRuns: 25 },
    );
  });

  it('are taken once where two agents send them at the same moment', async () => {
    await Promise.all([0, 1, 2, 3].map((first) => reports.takeLogs(bench.agent.nodeId, [chunk('c:lines', 0, 10 + first)])));
    expect(await linesOf('web.1')).toEqual(all.slice(0, 13));
  });

  it('of one container are none of another whose name begins the same, and go on where some are missing', async () => {
    await reports.takeLogs(bench.agent.nodeId, [chunk('c:lines', 0, 5), chunk('c:lines2', 0, 2), chunk('c:lines', 8, 10)]);
    expect(await linesOf('web.1')).toEqual([...all.slice(0, 5), ...all.slice(0, 2), ...all.slice(8, 10)]);
  });
});
