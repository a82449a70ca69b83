import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { httpFetch } from '../connection/http-fetch.js';
import { NotSeen } from './check.js';
import { once } from './once.js';
import { programOutput } from './program-output.js';

/** What `npm run status -- --json` prints: the programs that are kept running, and settings. */
const KeptParts = z.object({
  settings: z.record(z.string(), z.string()),
  parts: z.array(z.object({ name: z.string(), state: z.enum(['up', 'starting', 'down']), pid: z.number().nullable(), port: z.number().nullable() })),
});
export type KeptParts = z.infer<typeof KeptParts>;

/** Of the answer to `GET /info` of the Docker Engine's API, what is gone by here. */
const EngineFacts = z.object({
  ServerVersion: z.string(),
  LiveRestoreEnabled: z.boolean(),
  MemoryLimit: z.boolean(),
  PidsLimit: z.boolean(),
  CpuCfsQuota: z.boolean(),
  CgroupVersion: z.string().default('1'),
  DockerRootDir: z.string(),
});
export type EngineFacts = z.infer<typeof EngineFacts>;

const statusProgram = fileURLToPath(new URL('../../../../infra/commands/status.ts', import.meta.url));

/** The platform's own machine, as set-up and the engine know it. */
export class Machine {
  constructor(
    readonly home: string,
    private readonly signal: AbortSignal,
  ) {}

  get isHere(): boolean {
    return existsSync(join(this.home, 'molo.env'));
  }

  /** The same look with the rights that it takes. */
  get asRoot(): string {
    return `sudo MOLO_HOME=${this.home} molo doctor`;
  }

  async isOurs(): Promise<boolean> {
    return await access(join(this.home, 'molo.env'), constants.R_OK).then(
      () => true,
      () => false,
    );
  }

  readonly kept = once(async (): Promise<KeptParts> => {
    const told = existsSync(statusProgram) ? await programOutput(this.signal, process.execPath, '--disable-warning=ExperimentalWarning', statusProgram, '--json') : undefined;
    if (told === undefined) throw new NotSeen('the checkout of the platform is not here', "Run bin/molo doctor in the platform's own checkout.");
    // 3: not all of them run.
    if (told.code !== 0 && told.code !== 3) throw new NotSeen('set-up cannot tell how its services are', `See what it says: MOLO_HOME=${this.home} npm run status`);
    return KeptParts.parse(JSON.parse(told.text));
  });

  readonly engine = once(async (): Promise<EngineFacts> => {
    const { settings } = await this.kept();
    const socketPath = settings['MOLO_DOCKER_SOCKET'] ?? '/var/run/docker.sock';
    const answer = await httpFetch({ socketPath })('http://localhost/info', { method: 'GET', headers: {}, signal: this.signal }).catch((error: NodeJS.ErrnoException) => {
      throw new EngineAway(socketPath, error.code ?? error.message);
    });
    if (!answer.ok) throw new EngineAway(socketPath, `status ${answer.status}`);
    return EngineFacts.parse(JSON.parse(await answer.text()));
  });
}

export class EngineAway extends Error {
  constructor(
    readonly socketPath: string,
    readonly reason: string,
  ) {
    super(`no Docker Engine answers at ${socketPath} (${reason})`);
  }
}
