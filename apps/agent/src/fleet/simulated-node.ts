import { type DesiredAnswer, type DesiredInstance, type DesiredNode, type DesiredRoute, desiredAfter, type ObservedInstance, type ObservedRoute } from '@molo/contracts';
import type { AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Log } from '../logger.js';
import { DesiredFollower } from '../reconcile/desired-follower.js';
import { ObservedReporter } from '../reconcile/observed-reporter.js';
import type { Observation } from '../reconcile/report-differences.js';

/** What is there on no machine: an agent's side of the node protocol, over an engine and an ingress that do at once what they are asked. */
export class SimulatedNode {
  private node: DesiredNode | null = null;
  private readonly reporter: ObservedReporter;
  private readonly follower: DesiredFollower;
  /** The same objects for the same wishes, so that only what changed is compared. */
  private readonly instances = new WeakMap<DesiredInstance, ObservedInstance>();
  private readonly routes = new WeakMap<DesiredRoute, ObservedRoute>();

  constructor(controlPlaneUrl: string, nodeToken: string, log: Log) {
    const client = new ControlPlaneClient({ controlPlaneUrl, nodeToken } as AgentConfig);
    this.reporter = new ObservedReporter(client, log);
    this.follower = new DesiredFollower(client, this, { start: () => undefined }, log);
  }

  start(): void {
    this.follower.start();
  }

  get generation(): number {
    return this.node?.generation ?? -1;
  }

  async accept(answer: DesiredAnswer): Promise<void> {
    const isFirst = this.node === null;
    this.node = desiredAfter(this.node, answer);
    if (isFirst) this.reporter.start(async () => this.observation());
    else this.reporter.changed();
  }

  private observation(): Observation {
    const { generation, instances, routes } = this.node!;
    return {
      generation,
      instances: instances.filter(({ desired }) => desired === 'running').map((instance) => remembered(this.instances, instance, healthy)),
      absent: instances.filter(({ desired }) => desired !== 'running').map(({ id }) => id),
      routes: routes.map((route) => remembered(this.routes, route, switched)),
      traffic: routes.flatMap(({ environmentId, countingDeploymentId: deploymentId }) =>
        deploymentId ? [{ deploymentId, environmentId, requests: 10, failed: 0, connectionsDropped: 0, slowestMs: 3 }] : [],
      ),
    };
  }
}

function healthy({ id }: DesiredInstance): ObservedInstance {
  return { id, observed: 'healthy', containerId: `container-${id}`, address: '10.0.0.2', restarts: 0, exitCode: null, outOfMemory: false, startedAt: null, failure: null, lastLines: [] };
}

function switched({ environmentId, serving }: DesiredRoute): ObservedRoute {
  return { environmentId, serving, draining: 0, failure: null };
}

function remembered<Key extends object, Value>(known: WeakMap<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const value = known.get(key) ?? make(key);
  known.set(key, value);
  return value;
}
