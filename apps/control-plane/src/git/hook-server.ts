import { once } from 'node:events';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { appErrorOf } from '../database/database-failure.js';
import { Log } from '../log.js';
import { GitProcesses } from './git-processes.js';
import { HookConnection } from './hook-connection.js';
import { hookProgram } from './hook-program.js';
import { ProcReceive } from './proc-receive.js';
import { failureLines } from './push-narrative.js';
import { Pushes } from './pushes.js';

const longestSecret = 100;

/** Takes the calls of git's hook on a socket that only this system user can open. */
@Injectable()
export class HookServer implements OnModuleInit, BeforeApplicationShutdown {
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #server: Server | null = null;

  constructor(
    private readonly processes: GitProcesses,
    private readonly pushes: Pushes,
    private readonly procReceive: ProcReceive,
    private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.#installHook();
    const path = this.processes.hookSocket;
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket)).listen(path);
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
  }

  /** Pushers are told that their deployment goes on without them, while there is still a connection to tell it over. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closing.abort();
    this.#server?.close();
    await Promise.all(this.#running);
  }

  async #installHook(): Promise<void> {
    const folder = this.processes.hooksFolder;
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `.proc-receive.${process.pid}`);
    await writeFile(draft, hookProgram, { mode: 0o755 });
    await rename(draft, join(folder, 'proc-receive'));
  }

  #take(socket: Socket): void {
    const running = this.#serve(socket).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #serve(socket: Socket): Promise<void> {
    const connection = new HookConnection(socket);
    try {
      const { secret, rest } = await readSecret(socket);
      const push = this.pushes.find(secret);
      if (!push) throw new Error('a hook named no push that is under way');
      await this.procReceive.answer(push, rest, connection, this.#closing.signal);
      await connection.exit(0);
    } catch (error) {
      if (!connection.gone.aborted) this.log.error({ err: error }, 'a push could not be answered');
      await connection.say(failureLines(appErrorOf(error).toFailure()));
      await connection.exit(1);
    }
  }
}

/** The first line; what follows it is git's. */
async function readSecret(socket: Socket): Promise<{ secret: string; rest: Readable }> {
  let bytes = Buffer.alloc(0);
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  while (!bytes.includes('\n')) {
    const next = await chunks.next();
    if (next.done || bytes.length > longestSecret) throw new Error('a hook did not name its push');
    bytes = Buffer.concat([bytes, next.value]);
  }
  const end = bytes.indexOf('\n');
  return { secret: bytes.toString('latin1', 0, end), rest: Readable.from(remaining(bytes.subarray(end + 1), chunks), { objectMode: false }) };
}

async function* remaining(first: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}
