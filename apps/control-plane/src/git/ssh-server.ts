import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import ssh2, { type Connection } from 'ssh2';
import { Config } from '../config.js';
import { Log } from '../log.js';
import { hostKeyFingerprint, sshHostKey } from './ssh-host-key.js';
import { SshSession } from './ssh-session.js';
import { SshSignIn, type WhoIsIt } from './ssh-sign-in.js';

const mostConnections = 512;
/** Connections of one address that have not signed in yet. */
const mostStrangers = 32;
const signInWithinMs = 30_000;
const keepaliveEveryMs = 15_000;
/** Git opens one session on a connection; a client that shares its connection opens some. */
const mostSessions = 16;

/** A connection on which nobody has signed in yet. */
interface Stranger {
  readonly socket: Socket;
  /** It is one no more: it is known who it is, or it has gone. Done once, however often it is called. */
  readonly leave: () => void;
}

/** Git over SSH, on every address of the machine. */
@Injectable()
export class SshServer implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #clients = new Set<Connection>();
  /** By address and port. */
  readonly #strangers = new Map<string, Stranger>();
  readonly #strangersOf = new Map<string, number>();
  #server: Server | null = null;

  constructor(
    private readonly config: Config,
    private readonly signIn: SshSignIn,
    private readonly sessions: SshSession,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const hostKey = await sshHostKey(this.config.path('control-plane', 'ssh_host_ed25519_key'));
    const protocol = new ssh2.Server({ hostKeys: [hostKey], ident: 'Molo', keepaliveInterval: keepaliveEveryMs, keepaliveCountMax: 4 }, (client, { ip, port }) => this.#take(client, ip, placeOf(ip, port)));
    // SSH's start is many small packets each way: with Nagle's algorithm they wait for each other.
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      if (this.#admit(socket)) protocol.injectSocket(socket);
    });
    server.maxConnections = mostConnections;
    server.listen(this.config.sshPort);
    await once(server, 'listening');
    this.#server = server;
    this.log.info({ port: this.config.sshPort, hostKey: hostKeyFingerprint(hostKey) }, 'git over SSH is up');
  }

  async onApplicationShutdown(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const { socket } of this.#strangers.values()) socket.destroy();
    for (const client of this.#clients) client.end();
    await closed;
  }

  /** Counts every connection from its start: ssh2 tells of one only once it has said which version it speaks, and some never do. */
  #admit(socket: Socket): boolean {
    const { remoteAddress: ip = '', remotePort: port = 0 } = socket;
    const strangers = this.#strangersOf.get(ip) ?? 0;
    if (strangers >= mostStrangers) {
      socket.destroy();
      return false;
    }
    this.#strangersOf.set(ip, strangers + 1);
    const tooLate = setTimeout(() => socket.destroy(), signInWithinMs);
    const leave = () => {
      clearTimeout(tooLate);
      if (this.#strangers.delete(placeOf(ip, port))) this.#forgetStranger(ip);
    };
    this.#strangers.set(placeOf(ip, port), { socket, leave });
    socket.once('close', leave);
    return true;
  }

  #take(client: Connection, ip: string, place: string): void {
    client.on('error', () => undefined); // a close follows
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    let signedIn: { readonly who: WhoIsIt; readonly isFound: boolean } | null = null;
    this.signIn.watch(client, ip, (who, isFound) => (signedIn = { who, isFound }));
    client.on('ready', () => {
      if (signedIn === null) return void client.end();
      const known = () => this.#strangers.get(place)?.leave();
      if (signedIn.isFound) known();
      this.#serve(client, onceFound(signedIn.who, known));
    });
  }

  #serve(client: Connection, who: WhoIsIt): void {
    let sessions = 0;
    client.on('session', (accept, reject) => {
      if (sessions >= mostSessions) {
        reject();
        return;
      }
      sessions += 1;
      const session = accept();
      session.on('close', () => (sessions -= 1));
      this.sessions.serve(session, who);
    });
  }

  #forgetStranger(ip: string): void {
    const left = (this.#strangersOf.get(ip) ?? 1) - 1;
    if (left > 0) this.#strangersOf.set(ip, left);
    else this.#strangersOf.delete(ip);
  }
}

function placeOf(ip: string, port: number): string {
  return `${ip} ${port}`;
}

/** A client is a stranger until it is known who it is: one that was let in while nobody could be looked up still is. */
function onceFound(who: WhoIsIt, known: () => void): WhoIsIt {
  return async () => {
    const caller = await who();
    if (caller) known();
    return caller;
  };
}
