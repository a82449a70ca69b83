import { Injectable } from '@nestjs/common';

/** Tells whoever keeps an authenticated caller in memory that some credential has just ended. */
@Injectable()
export class Revocations {
  readonly #listeners = new Set<() => void>();

  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** To be called after the transaction that ended the credential has committed. */
  announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
