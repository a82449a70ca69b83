import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
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

/** Git over SSH, on every address of the machine. */
@Injectable()
export class SshServer implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #clients = new Set<Connection>();
  readonly #strangers = new Map<string, number>();
  #server: Server | null = null;

  constructor(
    private readonly config: Config,
    private readonly signIn: SshSignIn,
    private readonly sessions: SshSession,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const hostKey = await sshHostKey(this.config.path('control-plane', 'ssh_host_ed25519_key'));
    const protocol = new ssh2.Server({ hostKeys: [hostKey], ident: 'Molo', keepaliveInterval: keepaliveEveryMs, keepaliveCountMax: 4 }, (client, { ip }) => this.#take(client, ip));
    // SSH's start is many small packets each way: with Nagle's algorithm they wait for each other.
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => protocol.injectSocket(socket));
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
    for (const client of this.#clients) client.end();
    await closed;
  }

  #take(client: Connection, ip: string): void {
    client.on('error', () => undefined); // a close follows
    const strangers = this.#strangers.get(ip) ?? 0;
    if (strangers >= mostStrangers) {
      client.end();
      return;
    }
    this.#clients.add(client);
    this.#strangers.set(ip, strangers + 1);
    const noStranger = onlyOnce(() => this.#forgetStranger(ip));
    const tooLate = setTimeout(() => client.end(), signInWithinMs);
    const known = () => {
      clearTimeout(tooLate);
      noStranger();
    };
    client.on('close', () => {
      known();
      this.#clients.delete(client);
    });
    let who: WhoIsIt | null = null;
    this.signIn.watch(client, ip, (found) => (who = found));
    client.on('ready', () => {
      if (who) this.#serve(client, onceFound(who, known));
      else client.end();
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
    const left = (this.#strangers.get(ip) ?? 1) - 1;
    if (left > 0) this.#strangers.set(ip, left);
    else this.#strangers.delete(ip);
  }
}

/** A client is a stranger until it is known who it is: one that was let in while nobody could be looked up still is. */
function onceFound(who: WhoIsIt, known: () => void): WhoIsIt {
  return async () => {
    const caller = await who();
    if (caller) known();
    return caller;
  };
}

function onlyOnce(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
