import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface CrowdOptions {
  readonly port: number;
  readonly count: number;
  /** This side's address: whoever counts by address takes another for another machine. */
  readonly from?: string;
  /** Said on every second connection; the others say nothing. */
  readonly says: string;
}

/** Opened in parts: of more at once than the kernel's queue takes it forgets some, and those who said nothing never hear of it. */
const program = `
  const { connect } = require('node:net');
  const { port, count, from, says } = JSON.parse(process.argv[1]);
  let open = 0;
  const opened = (index) => new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    socket.on('connect', () => {
      open += 1;
      socket.once('close', () => (open -= 1));
      if (index % 2 === 1) socket.write(says);
      resolve();
    });
    socket.on('error', resolve);
    socket.resume();
  });
  (async () => {
    for (let index = 0; index < count; index += 200) await Promise.all(Array.from({ length: Math.min(200, count - index) }, (_, more) => opened(index + more)));
    console.log('all');
    setInterval(() => console.log(open), 100);
  })();
`;

/** Connections on loopback that are opened and kept, by a process of its own: one has not files enough for both ends of ten thousand. */
export class SocketCrowd implements Disposable {
  #open = 0;

  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when every connection was tried, to a crowd that has counted itself. */
  static async gather(options: CrowdOptions): Promise<SocketCrowd> {
    const child = spawn(process.execPath, ['-e', program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const crowd = new SocketCrowd(child);
    let wereAllTried = false;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the crowd went home')));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (wereAllTried) {
          crowd.#open = Number(line);
          resolve();
        }
        wereAllTried ||= line === 'all';
      });
    });
    return crowd;
  }

  /** How many are open, as of a moment ago. */
  get open(): number {
    return this.#open;
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}
