import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What the clients of the app saw. A socket that the app itself closes with a goodbye counts as moved, not dropped. */
export interface Counts {
  requests: number;
  failed: number;
  slow: number;
  slowestMs: number;
  messages: number;
  socketsDropped: number;
  socketsMoved: number;
}

const keptConnections = 4;
const keptPauseMs = 40;
const freshPauseMs = 80;
const sockets = 6;
const echoPauseMs = 400;
const answerTimeoutMs = 10_000;
const slowMs = 1_000;
const loopback = '127.0.0.1';
/** Codes of RFC 6455 with which a server says goodbye: done, going away, restarting. */
const goodbyes = new Set([1000, 1001, 1012]);

/** Steady HTTP and WebSocket traffic on one app of this machine, counted from the clients' side. */
export class Traffic {
  readonly counts: Counts = { requests: 0, failed: 0, slow: 0, slowestMs: 0, messages: 0, socketsDropped: 0, socketsMoved: 0 };
  /** The first failures in words. */
  readonly failures: string[] = [];
  readonly #host: string;
  readonly #port: number;
  readonly #running: Promise<void>[] = [];
  readonly #seen = new Map<string, number>();
  #ended = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  start(): void {
    for (let index = 0; index < keptConnections; index += 1) this.#running.push(this.#ask(new Agent({ keepAlive: true, maxSockets: 1 }), keptPauseMs));
    this.#running.push(this.#ask(undefined, freshPauseMs));
    for (let index = 0; index < sockets; index += 1) this.#running.push(this.#talk());
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
  }

  /** When a version answered for the first time since `forget` (performance.now()); undefined before. */
  firstSeen(version: string): number | undefined {
    return this.#seen.get(version);
  }

  forgetVersions(): void {
    this.#seen.clear();
  }

  async #ask(agent: Agent | undefined, pauseMs: number): Promise<void> {
    while (!this.#ended) {
      await this.#askOnce(agent);
      await pause(pauseMs);
    }
    agent?.destroy();
  }

  async #askOnce(agent: Agent | undefined): Promise<void> {
    const startedAt = performance.now();
    this.counts.requests += 1;
    try {
      const { status, version } = await getVersion(this.#host, this.#port, agent);
      if (status !== 200) throw new Error(`it answered ${status}`);
      if (version && !this.#seen.has(version)) this.#seen.set(version, performance.now());
    } catch (error) {
      this.counts.failed += 1;
      this.#note(`${agent ? 'kept' : 'fresh'} connection: ${messageOf(error)}`);
    }
    const tookMs = performance.now() - startedAt;
    if (tookMs > slowMs) this.counts.slow += 1;
    this.counts.slowestMs = Math.max(this.counts.slowestMs, tookMs);
  }

  /** One visitor with a socket: says something, hears it back, and comes again when the app says goodbye. */
  async #talk(): Promise<void> {
    while (!this.#ended) {
      const code = await this.#oneSocket();
      if (this.#ended) return;
      if (goodbyes.has(code)) this.counts.socketsMoved += 1;
      else {
        this.counts.socketsDropped += 1;
        this.#note(`WebSocket: closed with ${code}`);
        await pause(echoPauseMs);
      }
    }
  }

  #oneSocket(): Promise<number> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`ws://${loopback}:${this.#port}/ws`, { headers: { host: this.#host }, handshakeTimeout: answerTimeoutMs });
      const speaker = setInterval(() => {
        if (this.#ended) socket.close(1000);
        else if (socket.readyState === WebSocket.OPEN) socket.send('ahoy');
      }, echoPauseMs);
      socket.on('message', () => (this.counts.messages += 1));
      // An error is always followed by close, which tells the story.
      socket.on('error', () => undefined);
      socket.on('close', (code) => {
        clearInterval(speaker);
        resolve(code);
      });
    });
  }

  #note(text: string): void {
    if (this.failures.length < 10) this.failures.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
  }
}

/** Asks the app once; its version comes in a header. */
export function getVersion(host: string, port: number, agent?: Agent): Promise<{ status: number; version: string | undefined }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: loopback, port, path: '/version', headers: { host }, timeout: answerTimeoutMs, agent: agent ?? false }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, version: response.headers['x-myapp-version']?.toString() }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${answerTimeoutMs} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}

export function difference(after: Counts, before: Counts): Counts {
  const names = Object.keys(after) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, name === 'slowestMs' ? after[name] : after[name] - before[name]])) as unknown as Counts;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
