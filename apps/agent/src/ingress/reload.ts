import { AppError } from '@molo/contracts';
import { parseIdentity, parseOldWorkers } from './runtime-answers.js';
import { RuntimeSocket } from './runtime-socket.js';

const reloadTimeoutMs = 20_000;
const lookEveryMs = 20;

/** HAProxy's master process: it loads a new configuration into a new worker, and knows the old ones. */
export class HaproxyMaster {
  private readonly master: RuntimeSocket;

  constructor(
    masterSocketPath: string,
    private readonly worker: RuntimeSocket,
  ) {
    this.master = new RuntimeSocket(masterSocketPath);
  }

  /** Returns when a worker with the configuration on disk has taken over; the old one keeps its open connections. */
  async reload(): Promise<void> {
    const before = await this.identity();
    // 2.6 closes the connection as it starts itself again; 3.0 answers when it is done. Both are looked at below.
    await this.master.exchange('reload').catch(() => undefined);
    const deadline = performance.now() + reloadTimeoutMs;
    while (performance.now() < deadline) {
      const now = await this.identity().catch(() => before);
      if (now !== before) return;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    throw new AppError('ingress_failed', { detail: 'HAProxy did not load its new configuration; it serves on with the one before. See the log of haproxy.' });
  }

  /** Workers of before a reload that still have connections. */
  async oldWorkers(): Promise<number[]> {
    return parseOldWorkers(await this.master.exchange('show proc'));
  }

  /** Asks one old worker; empty when it is gone meanwhile. */
  async askOldWorker(pid: number, command: string): Promise<string> {
    return this.master.exchange(`@!${pid} ${command}`).catch(() => '');
  }

  private async identity(): Promise<string> {
    const [info = ''] = await this.worker.send(['show info']);
    return parseIdentity(info);
  }
}
