const minuteMs = 60_000;
/** The start of a node has better things to do. */
const firstAfterMs = 3 * minuteMs;
const everyMs = 60 * minuteMs;
/** Where a disk that is full stays full, it is not waited for the hour. */
const fullEveryMs = 10 * minuteMs;

/** When a node's disk is to be collected: each hour, and where it has filled up at once. All times are milliseconds of a clock that only goes forward. */
export class CollectionTimes {
  private dueAt: number;
  private foundFullAt = -Infinity;

  constructor(startedAt: number) {
    this.dueAt = startedAt + firstAfterMs;
  }

  /** Whether to collect now; where it is, the next time is counted from here. */
  isDue(isFull: boolean, now: number): boolean {
    // One that had room in between is full of something else: what can be removed of that is not known yet.
    if (!isFull) this.foundFullAt = -Infinity;
    const isUrgent = isFull && now - this.foundFullAt >= fullEveryMs;
    if (!isUrgent && now < this.dueAt) return false;
    if (isFull) this.foundFullAt = now;
    this.dueAt = now + everyMs;
    return true;
  }
}
