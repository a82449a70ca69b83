import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type MoloClient } from '@molo/client';
import { type Deployment, type DeploymentEvent, isFinal } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { Traffic } from '../../infra/demo/traffic.js';
import { command, moloJson, setting, WorkingCopy } from '../e2e/platform.js';

/** A moment of a deployment, as its stream tells it: a state, a state of its build, or a step of the journal. */
export type Moment = `state:${Deployment['state']}` | `build:${string}` | `step:${string}`;

export const moments = ['state:queued', 'build:building', 'build:pushing', 'state:placing', 'state:starting', 'state:checking', 'state:switching', 'state:draining'] as const satisfies readonly Moment[];

const environment = 'production';

/** An app that is deployed and one that has nothing to do with it, both under traffic, on the platform of the tests. */
export class FaultBed implements AsyncDisposable {
  #changes = 0;

  private constructor(
    readonly molo: MoloClient,
    /** May do what is needed here, at any control plane of the platform. */
    readonly token: string,
    readonly subject: WorkingCopy,
    readonly bystander: WorkingCopy,
    readonly traffic: { readonly subject: Traffic; readonly bystander: Traffic },
  ) {}

  static async start(name: string): Promise<FaultBed> {
    const { token } = await moloJson<{ token: string }>('tokens', 'create', name, '--expires', '1', '--rights', 'read', 'deploy', 'administer');
    const client = createClient({ baseUrl: setting('MOLO_CONTROL_PLANE_URL'), headers: { authorization: `Bearer ${token}` } });
    const [subject, bystander] = [await WorkingCopy.of(`${name}-subject`), await WorkingCopy.of(`${name}-bystander`)];
    for (const copy of [subject, bystander]) {
      await copy.commitFixture('myapp/1.2');
      // Its sockets are let go soon: what is tested is not their patience.
      await copy.write('molo.yml', (await copy.read('molo.yml')).replace('drain: 5s', 'drain: 1s'));
      await copy.commit('Drain soon');
      const { code, stderr } = await copy.push();
      if (code !== 0) throw new Error(stderr);
    }
    const traffic = { subject: trafficOn(subject), bystander: trafficOn(bystander) };
    traffic.subject.start();
    traffic.bystander.start();
    return new FaultBed(client, token, subject, bystander, traffic);
  }

  /** Pushes a change of one line, and lets `inject` happen at a moment of its deployment. @returns the deployment when it is over */
  async deployWith(moment: Moment, inject: (deploymentId: string) => Promise<void>, { overWithinMs = 90_000 } = {}): Promise<Deployment> {
    await this.change();
    const push = this.subject.push();
    const id = await this.newDeployment();
    await this.untilMoment(id, moment);
    await inject(id);
    await push;
    return this.untilOver(id, overWithinMs);
  }

  async change(): Promise<void> {
    await this.subject.write('change.txt', `${(this.#changes += 1)}\n`);
    await this.subject.commit(`Change ${this.#changes}`);
  }

  /** The deployment of a push that was just started: the newest, once there is one that is not over. */
  async newDeployment(): Promise<string> {
    return waitFor(async () => (await this.deployments(1)).find(({ state }) => !isFinal(state))?.id, { timeoutMs: 20_000, what: 'the deployment to be queued' });
  }

  async untilMoment(deploymentId: string, moment: Moment): Promise<void> {
    const [kind, name] = moment.split(':');
    for await (const event of this.molo.followDeployment({ params: { deploymentId } })) {
      if (event.kind === kind && nameOf(event) === name) return;
      if (event.kind === 'state' && isFinal(event.state)) return;
    }
  }

  async untilOver(deploymentId: string, timeoutMs: number): Promise<Deployment> {
    return waitFor(
      async () => {
        const deployment = await this.molo.getDeployment({ params: { deploymentId } }).catch(() => null);
        return deployment && isFinal(deployment.state) ? deployment : null;
      },
      { timeoutMs, what: `deployment ${deploymentId} to be over` },
    );
  }

  async deployments(limit = 200): Promise<Deployment[]> {
    const { items } = await this.molo.listDeployments({ params: { app: this.subject.app, environment }, query: { limit } });
    return items;
  }

  /** The whole stream of a deployment that is over, or what comes after an event of it. */
  async eventsOf(deploymentId: string, afterSeq?: number): Promise<DeploymentEvent[]> {
    const events: DeploymentEvent[] = [];
    const options = afterSeq === undefined ? {} : { lastEventId: String(afterSeq) };
    for await (const event of this.molo.followDeployment({ params: { deploymentId } }, options)) events.push(event);
    return events;
  }

  /** Ids of the instances of an app that have a container here, running or not. */
  async containersOf(app: string): Promise<string[]> {
    // Another platform on this engine may have an app of the same name.
    const node = await readFile(join(setting('MOLO_HOME'), 'agent/node.id'), 'utf8');
    const { stdout } = await command('docker', ['ps', '--all', '--filter', `label=molo.app=${app}`, '--filter', `label=molo.node=${node.trim()}`, '--format', '{{.Label "molo.instance"}}']);
    return stdout.split('\n').filter(Boolean).toSorted();
  }

  /** Ids of the instances that the platform wants of an app. */
  async instancesOf(app: string): Promise<string[]> {
    const { items } = await this.molo.listInstances({ params: { app, environment } });
    return items.filter(({ desired }) => desired === 'running').map(({ id }) => id).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.traffic.subject.stop(), this.traffic.bystander.stop()]);
    for (const copy of [this.subject, this.bystander]) await copy[Symbol.asyncDispose]();
  }
}

function trafficOn({ app }: WorkingCopy): Traffic {
  return new Traffic(`${app}.localhost`, Number(setting('MOLO_HTTP_PORT')));
}

function nameOf(event: DeploymentEvent): string | undefined {
  if (event.kind === 'step') return event.step;
  return event.kind === 'state' || event.kind === 'build' ? event.state : undefined;
}
