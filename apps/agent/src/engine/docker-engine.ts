import { AppError } from '@molo/contracts';
import { Inject, Injectable } from '@nestjs/common';
import Docker from 'dockerode';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';
import { containerOf, createOptions, imageOf, labelFilter, statusCodeOf } from './docker-forms.js';
import { pruneBuildCache } from './build-cache.js';
import { watchDocker } from './docker-events.js';
import { progressOf } from './progress.js';
import { Engine, type Container, type ContainerSpec, type EngineEvent, type EngineImage, type Network, type RegistryCredentials } from './engine.js';

/** The Docker Engine of this machine, through its API. */
@Injectable()
export class DockerEngine extends Engine {
  private readonly docker: Docker;

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'dockerSocket'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    super();
    this.docker = new Docker({ socketPath: config.dockerSocket });
  }

  async version(): Promise<string> {
    return (await this.docker.version()).Version;
  }

  async hasImage(reference: string): Promise<string | null> {
    const image = await unlessAbsent(this.docker.getImage(reference).inspect());
    return image?.Id ?? null;
  }

  async pull(reference: string, credentials: RegistryCredentials): Promise<string> {
    const serveraddress = reference.split('/', 1)[0] ?? '';
    try {
      const stream = await this.docker.pull(reference, { authconfig: { ...credentials, serveraddress } });
      for await (const _ of progressOf(stream));
    } catch (cause) {
      throw unlessGone(cause, pullFailed(reference, cause));
    }
    const id = await this.hasImage(reference);
    if (id === null) throw new AppError('image_pull_failed', { detail: `The image ${reference} was fetched and is not there.` });
    return id;
  }

  async listImages(labels: Readonly<Record<string, string>>): Promise<EngineImage[]> {
    const found = await this.docker.listImages({ filters: { label: labelFilter(labels) } });
    return found.map(imageOf);
  }

  async imagesInUse(): Promise<ReadonlySet<string>> {
    return new Set((await this.docker.listContainers({ all: true })).map(({ ImageID: id }) => id));
  }

  async removeImage(reference: string): Promise<void> {
    try {
      await this.docker.getImage(reference).remove();
    } catch (error) {
      // 404: gone; 409: a container or another image stands on it.
      if (![404, 409].includes(statusCodeOf(error))) throw error;
    }
  }

  async pruneBuildCache(keepBytes: number): Promise<number> {
    return pruneBuildCache(this.docker, keepBytes);
  }

  async dataFolder(): Promise<string> {
    return ((await this.docker.info()) as { DockerRootDir: string }).DockerRootDir;
  }

  async create(spec: ContainerSpec): Promise<string> {
    try {
      return (await this.docker.createContainer(createOptions(spec))).id;
    } catch (cause) {
      if (statusCodeOf(cause) === 409) return this.idOf(spec.name, cause);
      throw startFailed(cause);
    }
  }

  async start(containerId: string): Promise<void> {
    try {
      await this.docker.getContainer(containerId).start();
    } catch (cause) {
      if (statusCodeOf(cause) !== 304) throw startFailed(cause);
    }
  }

  async signal(containerId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    try {
      await this.docker.getContainer(containerId).kill({ signal });
    } catch (error) {
      // 404: gone; 409: it does not run.
      if (![404, 409].includes(statusCodeOf(error))) throw error;
    }
  }

  async remove(containerId: string): Promise<void> {
    try {
      await this.docker.getContainer(containerId).remove({ force: true, v: true });
    } catch (error) {
      // 404: gone; 409: its removal runs already.
      if (![404, 409].includes(statusCodeOf(error))) throw error;
    }
  }

  async inspect(containerId: string): Promise<Container | null> {
    const info = await unlessAbsent(this.docker.getContainer(containerId).inspect());
    return info === null || info.State.Status === 'removing' ? null : containerOf(info);
  }

  async list(labels: Readonly<Record<string, string>>): Promise<Container[]> {
    const found = await this.docker.listContainers({ all: true, filters: { label: labelFilter(labels) } });
    const containers = await Promise.all(found.map((each) => this.inspect(each.Id)));
    return containers.filter((each) => each !== null);
  }

  async networks(): Promise<Network[]> {
    const listed = await this.docker.listNetworks().catch((cause: unknown) => {
      throw startFailed(cause);
    });
    return listed.map((each) => ({
      id: each.Id,
      name: each.Name,
      labels: each.Labels ?? {},
      subnets: (each.IPAM?.Config ?? []).flatMap((config) => (config.Subnet ? [config.Subnet] : [])),
      attached: Object.keys(each.Containers ?? {}).length,
    }));
  }

  async createNetwork(name: string, subnet: string, labels: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.docker.createNetwork({ Name: name, Driver: 'bridge', CheckDuplicate: true, IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] }, Labels: { ...labels } });
    } catch (cause) {
      if (statusCodeOf(cause) !== 409) throw startFailed(cause);
    }
  }

  async removeNetwork(name: string): Promise<void> {
    try {
      await this.docker.getNetwork(name).remove();
    } catch (error) {
      if (statusCodeOf(error) !== 404) throw error;
    }
  }

  watch(listener: (event: EngineEvent) => void, signal: AbortSignal): void {
    void watchDocker(this.docker, listener, signal, this.log);
  }

  private async idOf(name: string, cause: unknown): Promise<string> {
    const info = await unlessAbsent(this.docker.getContainer(name).inspect());
    if (!info) throw startFailed(cause);
    return info.Id;
  }
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (statusCodeOf(error) === 404) return null;
    throw error;
  }
}

/** Only the engine sees the bytes, and it has no code for what it finds: its own words are read. */
function pullFailed(reference: string, cause: unknown): AppError {
  const reason = reasonOf(cause);
  const [, older, newer] = /verification failed for digest (sha256:[0-9a-f]{64})|unexpected commit digest \S+, expected (sha256:[0-9a-f]{64})/.exec(reason) ?? [];
  const digest = older ?? newer;
  if (digest === undefined) return new AppError('image_pull_failed', { detail: `The image ${reference} could not be fetched: ${reason}`, cause });
  const detail = `The image ${reference} is damaged in the registry, and this node has no copy of it: what is stored there as ${digest} is something else, so it was not started. Push a change or roll back to another release; a sysadmin finds in docs/architecture.md how to mend it.`;
  return new AppError('blob_damaged', { detail, cause });
}

function startFailed(cause: unknown): AppError {
  const absent = statusCodeOf(cause) === 404 && /no such image|network .* not found/i.test(reasonOf(cause));
  if (absent) return new AppError('image_pull_failed', { detail: `What the container needs went away: ${reasonOf(cause)}`, cause });
  return unlessGone(cause, new AppError('instance_start_failed', { detail: `The container could not be started: ${reasonOf(cause)}`, cause }));
}

/** An engine that does not answer is no fault of the instance. */
function unlessGone(cause: unknown, otherwise: AppError): AppError {
  const code = (cause as { code?: unknown } | null)?.code;
  const gone = typeof code === 'string' && ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'EACCES'].includes(code);
  return gone ? new AppError('unavailable', { detail: 'The container engine does not answer.', cause }) : otherwise;
}

/** The engine's own sentence, without the layers of programs that passed it on. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? ((cause as Error & { json?: { message?: string } }).json?.message ?? cause.message) : String(cause);
  return message.split(/OCI runtime create failed: (?:container_linux\.go:\d+: |runc create failed: )?/).at(-1) ?? message;
}
