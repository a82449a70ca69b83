/** Lets something happen at once, `burst` times; where it happens all the time, once every `intervalMs`. What happens may also be bytes. */
export class Pace {
  private left: number;
  private lookedAt: number | null = null;

  constructor(
    private readonly burst: number,
    private readonly intervalMs: number,
  ) {
    this.left = burst;
  }

  /**
   * Counts so many more.
   * @param now milliseconds of a clock that only goes forward
   * @returns milliseconds to wait until it is in time
   */
  next(now: number, count = 1): number {
    const earned = (now - (this.lookedAt ?? now)) / this.intervalMs;
    this.lookedAt = now;
    this.left = Math.min(this.burst, this.left + earned) - count;
    return Math.max(0, -this.left * this.intervalMs);
  }
}
