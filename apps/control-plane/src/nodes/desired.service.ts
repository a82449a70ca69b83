import { Injectable } from '@nestjs/common';
import type { DesiredAnswer, DesiredInstance, DesiredRoute } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { Batches, usualEveryMs } from '../database/batches.js';
import { Notifications } from '../database/notifications.js';
import { Sleepers } from '../database/sleepers.js';
import { valuesOf } from '../environments/config-snapshots.js';
import { EnvironmentsService } from '../environments/environments.service.js';
import { Log } from '../log.js';
import { ReleasesService } from '../releases/releases.service.js';
import { type ChangedRows, changesSince, type DesiredRows, type InstanceRow, type RouteRow, wholeSet } from './desired-rows.js';

/** A notification is lost where another control plane dies between its commit and the telling. */
const recheckMs = 10_000;
/**
 * What a node has that asked here last, as long as nobody told that there is more: asked for what comes after it, there is
 * nothing to look for.
 */
interface Known {
  generation: number | null;
}

interface Ask {
  readonly nodeId: string;
  readonly since: number;
}

type Changes = Omit<DesiredAnswer, 'nodeId' | 'since'>;

/** Works out, from the facts, what a node is to be. */
@Injectable()
export class DesiredService {
  readonly #waiting: Sleepers;
  readonly #known = new Map<string, Known>();
  readonly #changed = new Batches<Ask, Changes | null>((asks) => this.#readChanges(asks), { everyMs: usualEveryMs });
  #wholes: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly releases: ReleasesService,
    private readonly environments: EnvironmentsService,
    private readonly config: Config,
    private readonly log: Log,
    notifications: Notifications,
  ) {
    notifications.listen('desired', (nodeId) => (nodeId === null ? this.#known.clear() : this.#known.delete(nodeId)));
    this.#waiting = new Sleepers(notifications, 'desired');
  }

  /** One after the other: when all agents ask at once, as after the platform's own start, their sets are not all in memory together. */
  whole(nodeId: string): Promise<DesiredAnswer> {
    const answer = this.#wholes.then(() => this.#whole(nodeId));
    this.#wholes = answer.catch(() => undefined);
    return answer;
  }

  /** What changed after a generation, as soon as something did; null when nothing did for `waitMs`, or until `signal` fires. */
  async since(nodeId: string, generation: number, waitMs: number, signal: AbortSignal): Promise<DesiredAnswer | null> {
    using sleeper = this.#waiting.add(nodeId);
    const rouse = () => sleeper.rouse();
    signal.addEventListener('abort', rouse);
    try {
      let isNews = this.#known.get(nodeId)?.generation !== generation;
      for (const deadline = performance.now() + waitMs; ; isNews = true) {
        const answer = isNews ? await this.#changes(nodeId, generation) : null;
        const leftMs = deadline - performance.now();
        if (answer !== null || leftMs <= 0 || signal.aborted) return answer;
        await sleeper.sleep(Math.min(leftMs, recheckMs));
      }
    } finally {
      signal.removeEventListener('abort', rouse);
    }
  }

  async #whole(nodeId: string): Promise<DesiredAnswer> {
    const known = this.#beginToKnow(nodeId);
    const [rows]: DesiredRows[] = await this.dataSource.query(wholeSet, [nodeId]);
    if (!rows) throw noNode(nodeId);
    const { instances, routes } = rows;
    const generation = Number(rows.generation);
    known.generation = generation;
    return { nodeId, generation, since: null, instances: instances.map((row) => this.#instance(row)), routes: routes.map((row) => this.#route(row)), gone: { instances: [], environments: [] } };
  }

  async #changes(nodeId: string, since: number): Promise<DesiredAnswer | null> {
    const known = this.#beginToKnow(nodeId);
    const changes = await this.#changed.add(null, { nodeId, since });
    if (changes && since > changes.generation) return this.#overtake(nodeId, since);
    known.generation = changes?.generation ?? since;
    return changes && { nodeId, since, ...changes };
  }

  /** @returns for each what is new, in their order; null where nothing is */
  async #readChanges(asks: readonly Ask[]): Promise<(Changes | null)[]> {
    const [rows]: ChangedRows[] = await this.dataSource.query(changesSince, [asks.map(({ nodeId }) => nodeId), asks.map(({ since }) => since)]);
    const { nodes, instances, gone_instances: goneInstances, gone_environments: goneEnvironments } = rows!;
    const generation = Number(rows!.generation);
    // Every ingress is told of the same routes.
    const routes = rows!.routes.map(({ changed, ...row }) => ({ changed, route: this.#route(row) }));
    return asks.map(({ nodeId, since }, index) => {
      const n = index + 1;
      const node = nodes.find((one) => one.n === n);
      if (!node) throw noNode(nodeId);
      const isNew = ({ changed }: { readonly changed: number | null }) => node.isIngress && (changed === null || changed > since);
      if (!node.isConcerned && since <= generation) return null;
      return {
        generation,
        instances: instances.filter((row) => row.n === n).map((row) => this.#instance(row)),
        routes: routes.filter(isNew).map(({ route }) => route),
        gone: { instances: goneInstances.filter((row) => row.n === n).map(({ id }) => id), environments: goneEnvironments.filter(isNew).map(({ id }) => id) },
      };
    });
  }

  /** Where something is told while it is read, this has been forgotten by then. */
  #beginToKnow(nodeId: string): Known {
    const known: Known = { generation: null };
    this.#known.set(nodeId, known);
    return known;
  }

  /** The agent knows what this database does not, which was restored from a backup: from here on it is newer than what the agent has. */
  async #overtake(nodeId: string, known: number): Promise<DesiredAnswer> {
    this.log.warn({ nodeId, known }, 'a node knows a later generation than the database, which was restored from a backup; it gets a newer one, and the whole set');
    await this.dataSource.query('update desired_generation set generation = greatest(generation, $1::bigint) + 1', [known]);
    return this.whole(nodeId);
  }

  #instance(row: InstanceRow): DesiredInstance {
    const { manifest } = row;
    const isWeb = row.process_type === 'web';
    const resources = manifest.processes[row.process_type]!.resources;
    return {
      id: row.id,
      app: row.app,
      environment: row.environment,
      environmentId: row.environment_id,
      deploymentId: row.deployment_id,
      release: row.number,
      version: row.version,
      commit: row.commit?.id ?? null,
      processType: row.process_type,
      index: row.index,
      desired: row.desired,
      runsOnce: row.runs_once,
      image: { reference: `${this.config.registryHost}/${row.app}@${row.digest}`, digest: row.digest, imageId: row.engine_image_id },
      command: row.command,
      env: valuesOf(this.releases.configOf({ id: row.release_id, environmentId: row.environment_id, number: row.number, configEncrypted: row.config_encrypted })),
      port: isWeb ? manifest.port : null,
      resources,
      health: isWeb ? manifest.health : null,
      drainSeconds: manifest.drainSeconds,
      stopSeconds: manifest.stopSeconds,
    };
  }

  #route(row: RouteRow): DesiredRoute {
    return {
      environmentId: row.environment_id,
      app: row.app,
      environment: row.environment,
      hosts: this.environments.hosts(row.app, row.environment, row.domains),
      release: row.release,
      serving: [...row.serving],
      countingDeploymentId: row.counting,
    };
  }
}

function noNode(id: string): Error {
  return new Error(`There is no node ${id}`);
}
