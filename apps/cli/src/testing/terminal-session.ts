import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A shell on a terminal of its own, typed into as people do. */
export class TerminalSession {
  private readonly child: ChildProcessWithoutNullStreams;
  private output = '';
  private wake = () => {};

  constructor(command: string, environment: Record<string, string>, directory: string) {
    // script, which every Debian has, gives it the terminal.
    this.child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: directory, env: { TERM: 'dumb', LC_ALL: 'C.UTF-8', ...environment } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        this.wake();
      });
    }
  }

  type(keys: string): void {
    this.child.stdin.write(keys);
  }

  /** What was written up to `mark`, which is taken off; rejects when it does not come. */
  async until(mark: string, withinMs = 20_000): Promise<string> {
    const end = Date.now() + withinMs;
    while (!this.output.includes(mark)) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`${JSON.stringify(mark)} did not come. There was: ${JSON.stringify(this.output)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const at = this.output.indexOf(mark) + mark.length;
    const read = this.output.slice(0, at);
    this.output = this.output.slice(at);
    return read;
  }

  /** Leaves what was written so far. */
  forget(): void {
    this.output = '';
  }

  /** Ends the shell once it has done what was typed, so that nothing of it runs on; by force where it does not end. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.type('\u0015exit\n');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await closed;
    clearTimeout(timer);
  }
}
