import type { Deployment } from '@molo/contracts';
import { paint, say, seconds, StepFailed } from '../terminal/progress.ts';
import { newestDeployment, rollBack } from './molo.ts';
import type { Repository } from './repository.ts';
import { difference, getVersion, type Counts, type Traffic } from './traffic.ts';

/** One change of what serves, as the platform and as the clients saw it. */
export interface Delivery {
  readonly how: 'push' | 'roll back' | 'roll forward';
  readonly version: string;
  readonly release: number;
  /** From the command to the first answer of the new version. */
  readonly liveAfterMs: number;
  readonly receipt: NonNullable<Deployment['receipt']>;
  readonly seen: Counts;
}

interface Stage {
  readonly app: string;
  readonly host: string;
  readonly port: number;
  readonly traffic: Traffic;
}

export async function push(stage: Stage, repository: Repository, version: string): Promise<Delivery> {
  await repository.commit(version);
  return deliver(stage, 'push', version, () => repository.push());
}

/** Makes the release of an earlier delivery live again. */
export function goTo(stage: Stage, how: Delivery['how'], { version, release }: Delivery): Promise<Delivery> {
  return deliver(stage, how, version, async () => void (await rollBack(stage.app, release)));
}

async function deliver({ app, host, port, traffic }: Stage, how: Delivery['how'], version: string, change: () => Promise<void>): Promise<Delivery> {
  say(`\n${paint.bold(`${how} ${version}`)}`);
  const before = { ...traffic.counts };
  traffic.counts.slowestMs = 0;
  const served = await getVersion(host, port).catch(() => undefined);
  traffic.forgetVersions();
  const startedAt = performance.now();
  await change();
  const endedAt = performance.now();
  const { version: answered } = await getVersion(host, port);
  if (answered !== version) throw new StepFailed(`${app} was to be ${version} and answers ${answered ?? 'nothing'}`, { advice: `See what runs: bin/molo ps --app ${app}` });
  const deployment = await newestDeployment(app);
  if (!deployment?.receipt || !deployment.release) throw new StepFailed(`the deployment of ${version} has no receipt`, { advice: `Look at it: bin/molo deployments --app ${app}` });
  // A version that served before tells nothing about when the new release of it came.
  const liveAfterMs = ((served?.version === version ? undefined : traffic.firstSeen(version)) ?? endedAt) - startedAt;
  say(paint.dim(`${version} answered after ${seconds(liveAfterMs)}`));
  return { how, version, release: deployment.release.number, liveAfterMs, receipt: deployment.receipt, seen: difference(traffic.counts, before) };
}
