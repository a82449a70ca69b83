import { readFile } from 'node:fs/promises';
import { AppError, defaultEnvironment, type DesiredInstance } from '@molo/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';
import { Engine } from './engine.js';
import { freeSubnet, routedSubnets } from './subnets.js';

type Place = Pick<DesiredInstance, 'app' | 'environment' | 'environmentId'>;

const createAttempts = 3;

/** Of two hyphens in a row neither name has any: no two environments share a network, as `a-b` with `c` and `a` with `b-c` would. */
export function networkName({ app, environment }: Pick<Place, 'app' | 'environment'>): string {
  return environment === defaultEnvironment ? `molo-${app}-${environment}` : `molo-${app}--${environment}`;
}

/**
 * One network for each environment on this node, made when its first instance comes and removed after its last.
 * Each has a small subnet of its own, since the engine's own pool ends at about thirty.
 */
@Injectable()
export class EnvironmentNetworks {
  private queue: Promise<unknown> = Promise.resolve();
  private readonly known = new Set<string>();

  constructor(
    @Inject(Engine) private readonly engine: Engine,
    @Inject(CONFIG) private readonly config: Pick<AgentConfig, 'networkPool'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Returns the network's name once it is there. */
  async ensure(nodeId: string, place: Place): Promise<string> {
    const name = networkName(place);
    if (!this.known.has(name)) await this.oneAtATime(() => this.create(nodeId, name, place));
    return name;
  }

  /** Forgets that a network was seen, so that the next `ensure` looks again. */
  forget(name: string): void {
    this.known.delete(name);
  }

  /**
   * Removes this node's networks which no environment in `wanted` needs and no container uses. Returns false where
   * something is still attached to one of them: it is to be tried again.
   */
  async removeUnwanted(nodeId: string, wanted: ReadonlySet<string>): Promise<boolean> {
    return this.oneAtATime(async () => {
      const networks = await this.engine.networks();
      const unwanted = networks.filter((each) => each.labels['molo.managed'] === 'true' && each.labels['molo.node'] === nodeId && !wanted.has(each.name));
      let all = true;
      for (const network of unwanted) all = (await this.remove(network.name)) && all;
      return all;
    });
  }

  private async create(nodeId: string, name: string, place: Place): Promise<void> {
    const labels = { 'molo.managed': 'true', 'molo.node': nodeId, 'molo.environment-id': place.environmentId };
    for (let attempt = 1; !this.known.has(name); attempt++) {
      const networks = await this.engine.networks();
      if (networks.some((each) => each.name === name)) break;
      const routes = routedSubnets(await readFile('/proc/net/route', 'utf8').catch(() => ''));
      const subnet = freeSubnet(this.config.networkPool, [...routes, ...networks.flatMap((each) => each.subnets)]);
      try {
        await this.engine.createNetwork(name, subnet, labels);
        break;
      } catch (error) {
        // Somebody else may have taken the subnet in between.
        if (attempt === createAttempts) throw error;
      }
    }
    this.known.add(name);
  }

  private async remove(name: string): Promise<boolean> {
    this.known.delete(name);
    try {
      await this.engine.removeNetwork(name);
      return true;
    } catch (error) {
      this.log.debug({ network: name, err: error }, 'network is still in use');
      return false;
    }
  }

  private async oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const run = this.queue.then(work);
    this.queue = run.catch(() => undefined);
    return run.catch((cause: unknown) => {
      throw cause instanceof AppError ? cause : new AppError('instance_start_failed', { detail: 'The network of the environment could not be made.', cause });
    });
  }
}
