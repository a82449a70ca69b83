import { setTimeout as pause } from 'node:timers/promises';
import type { MoloClient } from '@molo/client';
import { type Deployment, isFinal } from '@molo/contracts';
import { production } from './stage.ts';

const mostUnderWay = 150;
const lookEveryMs = 100;
const longestTailMs = 120_000;

export interface Deployed {
  /** How long each took, from its writing down to its end. */
  readonly seconds: readonly number[];
  /** From the first one's end to the last one's. */
  readonly spanSeconds: number;
  /** Those that did not go live, with the reason. */
  readonly failures: readonly string[];
}

/**
 * Changes the config of one app after the other, each of which makes a deployment: so many a second, whether the ones before
 * are done or not, but with no more than `mostUnderWay` at a time. Waits for the last.
 */
export async function deploySteadily(molo: MoloClient, apps: readonly string[], { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<Deployed> {
  const startedAt = performance.now();
  const begun: Promise<string>[] = [];
  const over: Promise<Deployment>[] = [];
  const end = (index: number) => (over[index] ??= begun[index]!.then((id) => untilOver(molo, id)));
  while (performance.now() - startedAt < seconds * 1000) {
    await pause(Math.max(0, startedAt + (begun.length * 1000) / perSecond - performance.now()));
    if (begun.length >= mostUnderWay) await end(begun.length - mostUnderWay);
    begun.push(begin(molo, apps[begun.length % apps.length] ?? '', `${startedAt} ${begun.length}`));
  }
  const ended: Deployment[] = [];
  for (const index of begun.keys()) ended.push(await end(index));
  const at = (time: string | null) => Date.parse(time ?? '');
  const ends = ended.map(({ finishedAt }) => at(finishedAt));
  return {
    seconds: ended.map(({ createdAt, finishedAt }) => (at(finishedAt) - at(createdAt)) / 1000),
    spanSeconds: (Math.max(...ends) - Math.min(...ends)) / 1000,
    failures: ended.flatMap(({ state, failure }) => (state === 'live' ? [] : [`${state}: ${failure?.detail ?? 'no reason'}`])),
  };
}

async function begin(molo: MoloClient, app: string, value: string): Promise<string> {
  const { deployment } = await molo.updateConfig({ params: { app, ...production }, body: { set: { BENCH: value } } });
  if (!deployment) throw new Error(`${app} has nothing live, so nothing was deployed`);
  return deployment.id;
}

async function untilOver(molo: MoloClient, deploymentId: string): Promise<Deployment> {
  for (const deadline = performance.now() + longestTailMs; ; await pause(lookEveryMs)) {
    const deployment = await molo.getDeployment({ params: { deploymentId } });
    if (isFinal(deployment.state)) return deployment;
    if (performance.now() > deadline) throw new Error(`deployment ${deploymentId} is ${deployment.state} after ${longestTailMs / 1000} s`);
  }
}
