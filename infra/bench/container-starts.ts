import Docker from 'dockerode';
import { firstAnswer } from './app-clock.ts';

/** Its own for each run: Docker takes a name twice, and then refuses to say whose it is. */
const network = `molo-bench-${process.pid}`;

/**
 * What the start of a container takes at least: the same image under the same limits, on a network of its own kind (which
 * costs the engine some 90 ms more than the default one, where all containers reach each other), with nothing of Molo in
 * between.
 */
export class ContainerStarts implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #options: Docker.ContainerCreateOptions;
  readonly #port: number;

  private constructor(docker: Docker, options: Docker.ContainerCreateOptions, port: number) {
    this.#docker = docker;
    this.#options = options;
    this.#port = port;
  }

  /** As the running instance of an app is run. */
  static async like(app: string): Promise<ContainerStarts> {
    const docker = new Docker();
    const [instance] = await docker.listContainers({ filters: { label: [`molo.app=${app}`] } });
    if (!instance) throw new Error(`${app} runs nowhere`);
    const { Image, Config, HostConfig } = await docker.getContainer(instance.Id).inspect();
    const port = Number(Config.Env.find((entry) => entry.startsWith('PORT='))?.slice('PORT='.length) ?? 8080);
    await docker.createNetwork({ Name: network });
    const { Memory, NanoCpus, PidsLimit, CapDrop, CapAdd, SecurityOpt, Init, LogConfig } = HostConfig;
    return new ContainerStarts(docker, { Image, Env: Config.Env, Cmd: Config.Cmd, HostConfig: { NetworkMode: network, Memory, NanoCpus, PidsLimit, CapDrop, CapAdd, SecurityOpt, LogConfig, ...(Init === undefined ? {} : { Init }) } }, port);
  }

  /** Starts so many at once and ends them again. @returns seconds until all have answered */
  async untilAnswered(count: number): Promise<number> {
    const startedAt = performance.now();
    const containers = await Promise.all(Array.from({ length: count }, () => this.#docker.createContainer(this.#options)));
    try {
      const answeredAt = await Promise.all(containers.map((container) => this.#start(container)));
      return (Math.max(...answeredAt) - startedAt) / 1000;
    } finally {
      await Promise.all(containers.map((container) => container.remove({ force: true })));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#docker.getNetwork(network).remove();
  }

  async #start(container: Docker.Container): Promise<number> {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const host = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
    return firstAnswer({ host, port: this.#port, name: 'container' }, () => true);
  }
}
