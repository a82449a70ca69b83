import { setTimeout as pause } from 'node:timers/promises';
import type { LogChunk } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CoalescedWork } from '../coalesced-work.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Container } from '../engine/engine.js';
import { LOG, type Log } from '../logger.js';
import type { LogLine } from './engine-lines.js';

const gatherMs = 20;
const chunksAtOnce = 50;
const chunkChars = 64 * 1024;
/** What one container may add to the log of its deployment; all of it is in the environment's own log. */
const charsPerContainer = 256 * 1024;
/** What may wait for the control plane to come back; older lines then go. They stay in the environment's own log. */
const waitingChars = 2 * 1024 ** 2;
const bound = 'There is more; read it with molo logs.';

/** How much a container has said. */
interface Said {
  readonly lines: number;
  readonly chars: number;
}

/** Sends the first lines of new instances to the log of their deployment, in order, each chunk until it has arrived. */
@Injectable()
export class DeploymentLines implements OnModuleDestroy {
  private waiting: LogChunk[] = [];
  private readonly sending = new CoalescedWork(() => this.send());
  private readonly closing = new AbortController();
  /** By container. */
  private readonly said = new Map<string, Said>();
  /** Tells this agent's chunks from those of the one before. */
  private readonly run = Date.now().toString(36);
  private count = 0;

  constructor(
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.sending.end();
  }

  /** The next lines of a container; to an agent that has just started, all from its first one on, whether they have arrived or not. */
  add(container: Container, lines: readonly LogLine[]): void {
    const { labels } = container;
    const deploymentId = labels['molo.deployment'];
    if (deploymentId === undefined) return;
    const source = `${labels['molo.process'] ?? 'web'}.${labels['molo.index'] ?? '1'}`;
    let line = this.said.get(container.id)?.lines ?? 0;
    for (const group of groupsOf(this.allowed(container.id, lines))) {
      this.queue({ deploymentId, source, key: `${container.id.slice(0, 12)}:lines`, line, text: group.join('\n') });
      line += group.length;
    }
  }

  /** A line of the platform's own about a container. */
  tell(container: Container, text: string): void {
    const deploymentId = container.labels['molo.deployment'];
    if (deploymentId !== undefined) this.queue({ deploymentId, source: 'molo', key: this.nextKey(container), text });
  }

  /** Forgets how much a container has said. */
  forget(containerId: string): void {
    this.said.delete(containerId);
  }

  /** No two chunks have the same, whatever their lines say and when: of two with one key the control plane keeps the first. */
  private nextKey({ id }: Container): string {
    return `${id.slice(0, 12)}:${this.run}:${(this.count += 1)}`;
  }

  /** The lines up to the bound, and once, in their place, a line that says where the others are: the same ones, however they come. */
  private allowed(containerId: string, lines: readonly LogLine[]): readonly string[] {
    const before = this.said.get(containerId) ?? { lines: 0, chars: 0 };
    let { chars } = before;
    const texts: string[] = [];
    for (const { text } of lines) {
      if (chars >= charsPerContainer) break;
      chars += text.length + 1;
      texts.push(...(chars < charsPerContainer ? [text] : [text, bound]));
    }
    this.said.set(containerId, { lines: before.lines + texts.length, chars });
    return texts;
  }

  private async send(): Promise<void> {
    await pause(gatherMs);
    const batch = this.waiting.slice(0, chunksAtOnce);
    try {
      await this.controlPlane.sendLogs(batch, this.closing.signal);
    } catch (error) {
      if (this.closing.signal.aborted) return;
      this.log.warn({ err: error }, 'lines of a deployment were not taken');
    }
    this.waiting = this.waiting.filter((chunk) => !batch.includes(chunk));
    if (this.waiting.length > 0) this.sending.ask();
  }

  private queue(chunk: LogChunk): void {
    this.waiting.push(chunk);
    let chars = this.waiting.reduce((sum, { text }) => sum + text.length, 0);
    while (chars > waitingChars && this.waiting.length > 1) chars -= this.waiting.shift()!.text.length;
    this.sending.ask();
  }
}

function groupsOf(texts: readonly string[]): string[][] {
  const groups: string[][] = [];
  let chars = Infinity;
  for (const text of texts) {
    if (chars + text.length > chunkChars) {
      groups.push([]);
      chars = 0;
    }
    groups.at(-1)!.push(text);
    chars += text.length + 1;
  }
  return groups;
}
