import { readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { Log } from '../log.js';
import { RegistryClient } from '../registry/registry-client.js';
import { UploadGate } from '../registry/upload-gate.js';

const dayMs = 24 * 60 * 60 * 1000;
/** At most this often where the disk fills up, and where it does not. */
const urgentEveryMs = 30 * 60 * 1000;
const fullShare = 0.85;
/** As long as a collection keeps pushes waiting; what has not begun by then does not begin any more. */
const longestMs = 5 * 60 * 1000;
const lookEveryMs = 50;

/**
 * Frees the blobs of the private registry that no manifest refers to, by Distribution's own `garbage-collect`. That must
 * not run while the registry serves, so its run script does it: it finds the file `registry.collect`, takes it away, and is
 * garbage-collect instead of the server, once. Here that file is made and the server is told to end.
 *
 * Sources are blobs that no manifest refers to either, and all go. Git holds every commit, so only those of builds that are
 * not over are still needed: there must be none, and none on its way. Pushes wait at the gate, which opens when the registry
 * answers again; builds that are queued later have uploaded their source later, too, or found it gone and uploaded it again.
 * This covers the pushes of this process: the one control plane that stands beside its private registry.
 */
@Injectable()
export class RegistryCollection implements OnModuleInit {
  readonly #marker: string;
  readonly #stamp: string;

  constructor(
    private readonly dataSource: DataSource,
    private readonly client: RegistryClient,
    private readonly gate: UploadGate,
    private readonly config: Config,
    private readonly log: Log,
  ) {
    this.#marker = config.path('run', 'registry.collect');
    this.#stamp = config.path('control-plane', 'registry-collected');
  }

  /** A process that died behind the gate left the file behind: before the first push comes in it must be away. */
  async onModuleInit(): Promise<void> {
    await this.#withdraw();
  }

  /** Collects where it is due, there is something to free, and nobody is disturbed. @returns whether it did */
  async collect(): Promise<boolean> {
    if (!(await this.#isDue())) return false;
    const open = this.gate.close();
    if (!open) return false;
    try {
      const processId = await this.#registryProcess();
      if (processId === null || (await this.#isBusy())) return false;
      await this.#restartCollecting(processId);
      return true;
    } finally {
      await this.#withdraw();
      open();
    }
  }

  async #isDue(): Promise<boolean> {
    const last = await stat(this.#stamp).then(({ mtime }) => mtime, () => new Date(0));
    const sinceMs = Math.abs(Date.now() - last.getTime()); // a clock that was set back must not put it off for years
    if (sinceMs < ((await this.#isDiskFull()) ? urgentEveryMs : dayMs)) return false;
    const [row]: { found: boolean }[] = await this.dataSource.query(
      'select exists (select 1 from images where manifest_deleted_at > $1) or exists (select 1 from builds where finished_at > $1) as found',
      [last],
    );
    return row?.found ?? false;
  }

  /** Builds need their sources, and both builds and deployments that run need the registry to serve. */
  async #isBusy(): Promise<boolean> {
    const [row]: { busy: boolean }[] = await this.dataSource.query(
      `select exists (select 1 from builds where state in ('queued', 'building', 'pushing'))
         or exists (select 1 from deployments where finished_at is null and state <> 'awaiting_approval') as busy`,
    );
    return row?.busy ?? true;
  }

  async #restartCollecting(processId: number): Promise<void> {
    this.log.info({}, 'the registry frees the bytes of what nobody needs; it is away for a moment');
    // Before, so that a collection that goes wrong is not done over and over.
    await writeFile(this.#stamp, '');
    await writeFile(this.#marker, '');
    process.kill(processId, 'SIGTERM');
    const patience = AbortSignal.timeout(longestMs);
    // The run script takes the file away before it collects, and serves only afterwards.
    while (!patience.aborted && ((await this.#isMarked()) || !(await this.client.answers()))) await pause(lookEveryMs);
    if (patience.aborted) this.log.warn({}, 'the registry has not come back from its collection; see "molo status" and its log');
  }

  async #withdraw(): Promise<void> {
    await rm(this.#marker, { force: true });
  }

  async #isMarked(): Promise<boolean> {
    return stat(this.#marker).then(() => true, () => false);
  }

  /** The private registry's server, by what its run script noted; null where there is none here, as with somebody else's registry. */
  async #registryProcess(): Promise<number | null> {
    const processId = Number(await readFile(this.config.path('run', 'registry.pid'), 'utf8').catch(() => ''));
    if (!Number.isInteger(processId) || processId <= 1) return null;
    // The number may be somebody else's by now.
    const words = (await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return words.includes('serve') && words.includes(this.config.path('services/registry/config.yml')) ? processId : null;
  }

  async #isDiskFull(): Promise<boolean> {
    const { blocks, bfree, bavail } = await statfs(this.config.home);
    const used = blocks - bfree;
    return used / (used + bavail) > fullShare;
  }
}
