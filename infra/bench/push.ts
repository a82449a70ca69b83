import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../terminal/progress.ts';
import { Traffic } from '../demo/traffic.ts';
import { firstAnswer, type Target } from './app-clock.ts';
import { ByHand } from './by-hand.ts';
import { type Figure, inTurn, overFloor } from './figures.ts';
import { containerOf, type Stage } from './stage.ts';
import type { WorkingCopy } from './working-copy.ts';

const app = 'bench-push';

/** A one-line change of MyApp, from `git push` to the first answer of the new version, beside the same by hand. */
export async function measurePush(stage: Stage, pairs: number): Promise<Figure[]> {
  const copy = await stage.createApp(app);
  const target = stage.target(app);
  await copy.changeLine('first');
  await copy.push();
  await using byHand = await ByHand.start(`${stage.folder}/by-hand`, stage.key, (await containerOf(app)).imageId);
  const traffic = new Traffic(target.name, target.port);
  traffic.start();
  const molo = (index: number) => deliver(copy, target, `change ${index}`, () => copy.push());
  const measured = await inTurn(pairs, molo, (index) => byHand.deliver(`change ${index}`), say);
  await pause(500);
  await traffic.stop();
  const failed = traffic.counts.failed + traffic.counts.socketsDropped;
  const figure = overFloor('one-line change: git push → first answer', 's', measured, {
    floorIs: 'git push over OpenSSH, docker build, docker run, ask',
    mostOver: 0.5,
    failed,
    notes: [`${traffic.counts.requests} requests meanwhile: ${traffic.counts.failed} failed, ${traffic.counts.socketsDropped} sockets dropped`, ...traffic.failures],
  });
  return [figure];
}

/**
 * Changes one line and delivers it.
 * @param type what a developer types, which ends by itself
 * @returns seconds from then to the first answer of the new version
 */
export async function deliver(copy: WorkingCopy, target: Target, line: string, type: () => Promise<unknown>): Promise<number> {
  const commit = await copy.changeLine(line);
  const startedAt = performance.now();
  const [answeredAt] = await Promise.all([firstAnswer(target, (facts) => facts.commit !== '' && commit.startsWith(facts.commit)), type()]);
  return (answeredAt - startedAt) / 1000;
}
