import type { DesiredAnswer, DesiredInstance, DesiredRoute, ObservedInstance, ObservedRoute, TrafficCount } from '@molo/contracts';
import type { AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Log } from '../logger.js';
import { DesiredFollower } from '../reconcile/desired-follower.js';
import { ObservedReporter } from '../reconcile/observed-reporter.js';
import type { Observation } from '../reconcile/report-differences.js';

/**
 * What is there on no machine: an agent's side of the node protocol, over an engine and an ingress that do at once what they
 * are asked. What is seen changes where the wishes do, so that a change among ten thousand costs the machine that is measured
 * no look at all of them.
 */
export class SimulatedNode {
  generation = -1;
  private readonly reporter: ObservedReporter;
  private readonly follower: DesiredFollower;
  private readonly running = new Map<string, ObservedInstance>();
  private readonly absent = new Set<string>();
  private readonly routes = new Map<string, ObservedRoute>();
  private readonly traffic = new Map<string, TrafficCount>();

  constructor(controlPlaneUrl: string, nodeToken: string, log: Log) {
    const client = new ControlPlaneClient({ controlPlaneUrl, nodeToken } as AgentConfig);
    this.reporter = new ObservedReporter(client, log);
    this.follower = new DesiredFollower(client, this, { start: () => undefined }, log);
  }

  start(): void {
    this.follower.start();
  }

  async accept({ since, generation, instances, routes, gone }: DesiredAnswer): Promise<void> {
    const isFirst = this.generation < 0;
    if (since === null) for (const known of [this.running, this.absent, this.routes, this.traffic]) known.clear();
    for (const id of gone.instances) this.forget(id);
    for (const instance of instances) this.obey(instance);
    for (const id of gone.environments) this.unroute(id);
    for (const route of routes) this.switch(route);
    this.generation = generation;
    if (isFirst) this.reporter.start(async () => this.observation());
    else this.reporter.changed();
  }

  private forget(id: string): void {
    this.running.delete(id);
    this.absent.delete(id);
  }

  private obey({ id, desired }: DesiredInstance): void {
    this.forget(id);
    if (desired === 'running') this.running.set(id, healthy(id));
    else this.absent.add(id);
  }

  private unroute(environmentId: string): void {
    this.routes.delete(environmentId);
    this.traffic.delete(environmentId);
  }

  private switch({ environmentId, serving, countingDeploymentId: deploymentId }: DesiredRoute): void {
    this.routes.set(environmentId, { environmentId, serving, draining: 0, failure: null });
    if (deploymentId === null) this.traffic.delete(environmentId);
    else this.traffic.set(environmentId, { deploymentId, environmentId, requests: 10, failed: 0, connectionsDropped: 0, slowestMs: 3 });
  }

  private observation(): Observation {
    const { generation } = this;
    return { generation, instances: [...this.running.values()], absent: [...this.absent], routes: [...this.routes.values()], traffic: [...this.traffic.values()] };
  }
}

function healthy(id: string): ObservedInstance {
  return { id, observed: 'healthy', containerId: `container-${id}`, address: '10.0.0.2', restarts: 0, exitCode: null, outOfMemory: false, startedAt: null, failure: null, lastLines: [] };
}
