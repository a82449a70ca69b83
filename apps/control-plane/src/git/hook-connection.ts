import { once } from 'node:events';
import type { Socket } from 'node:net';

const channels = { stdout: 1, stderr: 2, exit: 3 } as const;

/** The control plane's end of a hook: what is written here is written by the hook. */
export class HookConnection {
  readonly #gone = new AbortController();

  constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined); // the close that follows says all
    socket.once('close', () => this.#gone.abort());
  }

  /** Aborted when the hook is gone: the pusher hung up, or git was killed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** For git. */
  async answer(bytes: Buffer): Promise<void> {
    await this.#send(channels.stdout, bytes);
  }

  /** For the pusher's terminal, which shows it after `remote: `. */
  async say(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#send(channels.stderr, Buffer.from(`${lines.join('\n')}\n`));
  }

  async exit(code: number): Promise<void> {
    await this.#send(channels.exit, Buffer.from([code]));
    this.socket.end();
  }

  /** Waits for a pusher whose terminal stands still. */
  async #send(channel: number, payload: Buffer): Promise<void> {
    if (this.gone.aborted) return;
    const header = Buffer.alloc(5);
    header.writeUInt8(channel, 0);
    header.writeUInt32BE(payload.length, 1);
    if (this.socket.write(Buffer.concat([header, payload]))) return;
    await once(this.socket, 'drain', { signal: this.gone }).catch(() => undefined);
  }
}
