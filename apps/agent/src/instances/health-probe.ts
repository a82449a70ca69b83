import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { DesiredInstance, HealthCheck } from '@molo/contracts';
import { now } from '../clock.js';
import { httpStatus } from './http-check.js';

export interface Health {
  readonly healthy: boolean;
  /** What a failed check met with, for people. */
  readonly answer: string | null;
}

type Checked = Extract<HealthCheck, { kind: 'http' | 'tcp' }>;

/** Once it is healthy it is asked rarely, and often again when it fails. */
const steadyPauseMs = 10_000;
const doubtPauseMs = 1000;
const failuresToBeUnhealthy = 3;

const stayMs = 1000;

/** While nobody listens yet, asking costs next to nothing, and each pause adds to the time of a deployment. */
const refusedPauseMs = 20;
const refused = 'the connection was refused';

/**
 * Asks one running container, over and over from its start on, whether it is healthy, and says when that changes.
 */
export class HealthProbe {
  private readonly stopping = new AbortController();
  private last: Health | null = null;
  private failures = 0;
  /** null where nothing is asked: staying alive is enough, or the engine asks. */
  private readonly check: Checked | null;

  constructor(
    private readonly health: DesiredInstance['health'],
    private readonly address: string,
    /** Name that HTTP checks ask for: frameworks refuse names which they do not know. */
    private readonly host: string,
    private readonly changed: () => void,
  ) {
    const check = health?.check;
    this.check = check === undefined || check.kind === 'running' || check.kind === 'image' ? null : check;
    void this.run();
  }

  get result(): Health | null {
    return this.last;
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Asks once, now. */
  async ask(): Promise<void> {
    if (this.check === null) return;
    this.take(await checkOnce(this.check, this.address, this.host, (this.health?.timeoutSeconds ?? 5) * 1000).catch(reasonOf));
  }

  private async run(): Promise<void> {
    if (this.check === null) return this.stays();
    while (!this.stopping.signal.aborted) {
      await this.ask();
      await pause(this.pauseMs(), undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Healthy is what has run for a moment; the engine tells when it no longer does. */
  private async stays(): Promise<void> {
    await pause(stayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    this.say({ healthy: true, answer: null });
  }

  private take(answer: string | null): void {
    this.failures = answer === null ? 0 : this.failures + 1;
    const stillTrusted = this.last?.healthy === true && this.failures < failuresToBeUnhealthy;
    this.say({ healthy: answer === null || stillTrusted, answer });
  }

  private say(health: Health): void {
    if (this.stopping.signal.aborted) return;
    const isNews = this.last?.healthy !== health.healthy;
    this.last = health;
    if (isNews) this.changed();
  }

  private pauseMs(): number {
    const whileStarting = Math.max(20, (this.health?.intervalSeconds ?? 0.1) * 1000);
    if (this.last?.healthy !== true) return this.last?.answer === refused ? Math.min(refusedPauseMs, whileStarting) : whileStarting;
    return this.failures > 0 ? doubtPauseMs : untilWholeSecond(Math.max(steadyPauseMs, whileStarting));
  }
}

/** Those who ask rarely ask together: to wake up costs this process more than to ask. */
function untilWholeSecond(pauseMs: number): number {
  return pauseMs - ((now() + pauseMs) % 1000);
}

/** null when healthy, else what was met with. */
export async function checkOnce(check: Checked, address: string, host: string, timeoutMs: number): Promise<string | null> {
  return check.kind === 'tcp' ? connects(address, check.port, timeoutMs) : answers(check, address, host, timeoutMs);
}

function connects(address: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const done = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(null));
    socket.once('timeout', () => done(`no answer within ${timeoutMs / 1000} s`));
    socket.once('error', (error) => done(reasonOf(error)));
  });
}

async function answers({ path, port }: Extract<Checked, { kind: 'http' }>, address: string, host: string, timeoutMs: number): Promise<string | null> {
  const status = await httpStatus({ address, port, path, host }, timeoutMs);
  return status >= 200 && status < 400 ? null : `it answered ${status}`;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return refused;
  return error.code ?? error.message;
}
