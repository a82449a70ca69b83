const everyMs = 1000;
/** A clock that is slewed by NTP moves less than this between two looks. */
const leastJumpMs = 500;

/** Tells when the machine's clock was set back: what is to happen at a time is then farther away than it was meant to be. */
export class ClockWatch {
  private readonly timer: NodeJS.Timeout;
  private aheadMs = aheadMs();

  constructor(private readonly setBack: () => void) {
    this.timer = setInterval(() => this.look(), everyMs).unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const before = this.aheadMs;
    this.aheadMs = aheadMs();
    if (this.aheadMs < before - leastJumpMs) this.setBack();
  }
}

/** How far the time of day is ahead of time that only passes. */
function aheadMs(): number {
  return Date.now() - performance.now();
}
