import { once } from 'node:events';
import { type AddressInfo, createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Stands before a server of this machine, and passes on each thing that a client says only after a while. */
export class SlowServer implements AsyncDisposable {
  delayMs = 0;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(private readonly behindPort: number) {
    this.#server = createServer((client) => this.#serve(client));
  }

  static async before(port: number): Promise<SlowServer> {
    const slow = new SlowServer(port);
    slow.#server.listen(0, '127.0.0.1');
    await once(slow.#server, 'listening');
    return slow;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const behind = connect({ host: '127.0.0.1', port: this.behindPort });
    this.#clients.add(client);
    const end = () => {
      this.#clients.delete(client);
      client.destroy();
      behind.destroy();
    };
    client.on('close', end).on('error', end);
    behind.on('close', end).on('error', end).pipe(client);
    void this.#passOn(client, behind).then(end, end);
  }

  async #passOn(client: Socket, behind: Socket): Promise<void> {
    for await (const said of client as AsyncIterable<Buffer>) {
      if (this.delayMs > 0) await pause(this.delayMs);
      behind.write(said);
    }
  }
}
