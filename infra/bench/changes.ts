import { setTimeout as pause } from 'node:timers/promises';
import { isFinal } from '@molo/contracts';
import { say } from '../terminal/progress.ts';
import { answersOfAll, ask, firstAnswer } from './app-clock.ts';
import { ByHand } from './by-hand.ts';
import { ContainerStarts } from './container-starts.ts';
import { type Figure, inTurn, overFloor } from './figures.ts';
import { containerOf, production, type Stage } from './stage.ts';
import type { WorkingCopy } from './working-copy.ts';

const app = 'bench-changes';
const place = { params: { app, ...production } };
const mostOver = 0.3;
const scaledTo = 4;
const lookForRestEveryMs = 50;
const oneStart = "a container's start and its first answer";

/** Changes that need no build, from the command to the first answer of the new release, beside the start of containers. */
export async function measureChanges(stage: Stage, pairs: number): Promise<Figure[]> {
  const { molo } = stage;
  const copy = await stage.createApp(app);
  for (const line of ['odd', 'even']) {
    await copy.changeLine(line);
    await copy.push();
  }
  await using starts = await ContainerStarts.like(app);
  const measure = async (name: string, act: (index: number) => Promise<unknown>) => {
    say(name);
    const pairsTaken = await inTurn(pairs, (index) => change(stage, () => act(index)), () => starts.untilAnswered(1), say);
    return overFloor(name, 's', pairsTaken, { floorIs: oneStart, mostOver });
  };
  return [
    await measurePushOfKnownTree(stage, copy, starts, pairs),
    await measure('config change → first answer', (index) => molo.updateConfig({ ...place, body: { set: { BENCH: String(index) } } })),
    await measure('rollback → first answer', () => molo.rollBack({ ...place, body: {} })),
    await measureScaling(stage, starts, pairs),
  ];
}

/** The objects have to come over SSH whoever takes them: the same `git push` to a bare repository is in the floor. */
async function measurePushOfKnownTree(stage: Stage, copy: WorkingCopy, starts: ContainerStarts, pairs: number): Promise<Figure> {
  const name = 'push of a tree that was built before → first answer';
  say(name);
  await using byHand = await ByHand.start(`${stage.folder}/by-hand-of-changes`, stage.key, (await containerOf(app)).imageId);
  // Two trees in turn, each in a new commit.
  const lineOf = (index: number) => (index % 2 === 0 ? 'odd' : 'even');
  const push = async (index: number) => {
    await copy.changeLine(lineOf(index));
    return change(stage, () => copy.push());
  };
  const measured = await inTurn(pairs, push, async (index) => (await byHand.push(lineOf(index))) + (await starts.untilAnswered(1)), say);
  return overFloor(name, 's', measured, { floorIs: `git push over OpenSSH to a bare repository, then ${oneStart}`, mostOver });
}

/** @returns seconds until the new release answered */
async function change(stage: Stage, act: () => Promise<unknown>): Promise<number> {
  const target = stage.target(app);
  const before = await ask(target);
  const startedAt = performance.now();
  const acted = act();
  const answeredAt = await firstAnswer(target, ({ release }) => Number(release) > Number(before?.release));
  await acted;
  await untilAtRest(stage);
  return (answeredAt - startedAt) / 1000;
}

async function measureScaling(stage: Stage, starts: ContainerStarts, pairs: number): Promise<Figure> {
  const name = `scale 1 → ${scaledTo} → first answers of all`;
  say(name);
  const scale = (web: number) => stage.molo.scale({ ...place, body: { web } });
  const grow = async () => {
    const startedAt = performance.now();
    const scaled = scale(scaledTo);
    const answeredAt = await answersOfAll(stage.target(app), scaledTo);
    await scaled;
    await untilAtRest(stage);
    await scale(1);
    await untilAtRest(stage);
    return (answeredAt - startedAt) / 1000;
  };
  const measured = await inTurn(pairs, grow, () => starts.untilAnswered(scaledTo - 1), say);
  return overFloor(name, 's', measured, { floorIs: `${scaledTo - 1} containers' starts at once and their first answers`, mostOver });
}

/**
 * The next change would wait for its turn, and whatever comes next, the floor too, would share the engine with instances
 * that still end. Neither is what is measured.
 */
async function untilAtRest({ molo }: Stage): Promise<void> {
  for (;;) {
    const { environments } = await molo.getApp({ params: { app } });
    const { items } = await molo.listInstances(place);
    const isOver = environments.every(({ activeDeployment, lastDeployment }) => activeDeployment === null && (lastDeployment === null || isFinal(lastDeployment.state)));
    if (isOver && items.every(({ desired }) => desired === 'running')) return;
    await pause(lookForRestEveryMs);
  }
}
