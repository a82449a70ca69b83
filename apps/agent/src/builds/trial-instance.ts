import type Docker from 'dockerode';

export interface RunningImage {
  /** `http://ADDRESS:PORT` */
  readonly url: string;
  /** The user that the app runs as. */
  readonly user: string;
  stop(): Promise<{ exitCode: number }>;
}

const port = 8080;

/** Runs an image as an instance would be run, and waits until it answers. */
export async function runImage(docker: Docker, imageId: string, containerPort = port): Promise<RunningImage> {
  const container = await docker.createContainer({
    Image: imageId,
    Env: [`PORT=${containerPort}`, 'MOLO_RELEASE=1'],
    HostConfig: { Init: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], Memory: 256 * 1024 ** 2 },
  });
  await container.start();
  const { NetworkSettings, Config } = await container.inspect();
  const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
  const url = `http://${address}:${containerPort}`;
  const giveUpAt = Date.now() + 20_000;
  while (!(await answers(url))) if (Date.now() > giveUpAt) throw new Error(`nothing answers at ${url}`);
  return {
    url,
    user: Config.User,
    async stop() {
      await container.kill({ signal: 'SIGTERM' });
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      await container.remove({ force: true });
      return { exitCode: StatusCode };
    },
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    async (response) => (await response.text(), true),
    () => new Promise((resolve) => setTimeout(resolve, 20, false)),
  );
}
