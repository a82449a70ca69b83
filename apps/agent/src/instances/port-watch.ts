import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../clock.js';
import type { Listener } from './listening-ports.js';

const lookEveryMs = 1000;
/** Many apps open a port for debuggers or metrics a moment before their own. */
const sayAfterMs = 3000;
/** A process that uses less of a core is not starting up any more. */
const restingCores = 0.2;

/** What is seen of a process at one moment; null what cannot be seen. */
export interface PortSight {
  readonly listeners: readonly Listener[] | null;
  readonly cpuSeconds: number | null;
}

interface Elsewhere {
  readonly detail: string;
  /** Since when it has listened as it does. */
  readonly since: number;
  /** Since when it has rested besides. */
  readonly restsSince: number;
  readonly cpuSeconds: number | null;
  readonly at: number;
}

/** Looks, while an instance has yet to become healthy, whether its process listens somewhere else than where it is waited for. */
export class PortWatch {
  private readonly stopping = new AbortController();
  private elsewhere: Elsewhere | null = null;
  private readonly said = new Set<string>();

  constructor(
    private readonly see: () => Promise<PortSight>,
    /** What is wrong with where it listens, for people; null where nothing is. */
    private readonly wrong: (listeners: readonly Listener[]) => string | null,
    private readonly say: (detail: string) => void,
    private readonly changed: () => void,
  ) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Since when it has listened elsewhere alone, and rested; in milliseconds of the agent's clock. */
  get elsewhereSince(): number | null {
    return this.elsewhere?.restsSince ?? null;
  }

  async look(): Promise<void> {
    const sight = await this.see();
    const before = this.elsewhere;
    this.elsewhere = elsewhereOf(before, sight, this.wrong(sight.listeners ?? []), now());
    if (this.elsewhere === null || this.stopping.signal.aborted) return;
    const { detail, since, at } = this.elsewhere;
    if (before?.detail !== detail) this.changed();
    if (at - since < sayAfterMs || this.said.has(detail)) return;
    this.said.add(detail);
    this.say(detail);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }
}

function elsewhereOf(before: Elsewhere | null, { cpuSeconds }: PortSight, detail: string | null, at: number): Elsewhere | null {
  if (detail === null) return null;
  if (before?.detail !== detail) return { detail, since: at, restsSince: at, cpuSeconds, at };
  const usedSeconds = cpuSeconds === null || before.cpuSeconds === null ? Infinity : cpuSeconds - before.cpuSeconds;
  const rests = usedSeconds <= (restingCores * (at - before.at)) / 1000;
  return { ...before, restsSince: rests ? before.restsSince : at, cpuSeconds, at };
}
