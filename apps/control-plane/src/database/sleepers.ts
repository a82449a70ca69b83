import type { Channel, Notifications } from './notifications.js';

/** Those who wait, each for what is said about one subject on one channel. */
export class Sleepers {
  readonly #bySubject = new Map<string, Set<Sleeper>>();

  constructor(notifications: Notifications, channel: Channel) {
    notifications.listen(channel, (subject) => this.#rouse(subject));
  }

  /** Whoever asks for a sleeper disposes of it. */
  add(subject: string): Sleeper {
    const sleepers = this.#bySubject.get(subject) ?? new Set();
    const sleeper = new Sleeper(() => {
      sleepers.delete(sleeper);
      if (sleepers.size === 0 && this.#bySubject.get(subject) === sleepers) this.#bySubject.delete(subject);
    });
    this.#bySubject.set(subject, sleepers.add(sleeper));
    return sleeper;
  }

  #rouse(subject: string | null): void {
    const roused = subject === null ? [...this.#bySubject.values()] : [this.#bySubject.get(subject) ?? []];
    for (const sleepers of roused) for (const sleeper of sleepers) sleeper.rouse();
  }
}

/** Looks at the facts, sleeps, looks again: what is said while it looks ends its next sleep at once. */
export class Sleeper implements Disposable {
  #isRoused = false;
  #wake: (() => void) | null = null;

  constructor(private readonly leave: () => void) {}

  /** Until somebody rouses it; a lost notification costs at most `longestMs`. */
  async sleep(longestMs: number): Promise<void> {
    if (!this.#isRoused) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, longestMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#isRoused = false;
  }

  rouse(): void {
    this.#isRoused = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}
