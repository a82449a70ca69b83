import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'node:http';

const askEveryMs = 10;

/** How long one visitor of an app waits for answers, over a kept connection. */
export class Latency {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly app: string,
    private readonly port: number,
  ) {}

  /** @returns milliseconds */
  async p99Within(durationMs: number): Promise<number> {
    return this.p99Until(pause(durationMs));
  }

  /** Asks until something is over, however it ends. @returns milliseconds */
  async p99Until(end: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = end.catch(() => undefined).finally(() => (isOver = true));
    const tookMs: number[] = [];
    while (!isOver) {
      tookMs.push(await this.ask());
      await pause(askEveryMs);
    }
    await over;
    this.agent.destroy();
    return tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? 0;
  }

  private ask(): Promise<number> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: this.port, path: '/version', headers: { host: `${this.app}.localhost` }, agent: this.agent }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - startedAt));
      })
        .on('error', reject)
        .end();
    });
  }
}
