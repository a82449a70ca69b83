/**
 * Work of which one run at a time is enough: asked for while it runs, it runs once more afterwards,
 * so that the last run began after the last asking. The work must not throw.
 */
export class CoalescedWork {
  private running: Promise<void> = Promise.resolve();
  private active = false;
  private asked = false;
  private ended = false;

  constructor(private readonly work: () => Promise<void>) {}

  ask(): void {
    if (this.ended) return;
    this.asked = true;
    if (this.active) return;
    this.active = true;
    this.running = this.run();
  }

  get isRunning(): boolean {
    return this.active;
  }

  /** Resolves once it rests. */
  async rest(): Promise<void> {
    while (this.active) await this.running;
  }

  /** Takes no more askings, and resolves once it rests. */
  async end(): Promise<void> {
    this.ended = true;
    this.asked = false;
    await this.rest();
  }

  private async run(): Promise<void> {
    try {
      while (this.asked) {
        this.asked = false;
        await this.work();
      }
    } finally {
      // In the same breath as the last look at `asked`: an asking between the two would be lost.
      this.active = false;
    }
  }
}
