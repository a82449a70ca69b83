import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { compile, Home } from './molo.js';
import { type Answers, StandInPlatform } from './stand-in-platform.js';

/** A home and a platform for each test, taken down after it. */
export class Bed {
  #home: Home | undefined;
  #platform: StandInPlatform | undefined;

  constructor() {
    beforeAll(compile, 120_000);
    beforeEach(async () => {
      this.#home = await Home.make();
    });
    afterEach(async () => {
      await this.#platform?.close();
      this.#platform = undefined;
      await this.#home?.remove();
    });
  }

  get home(): Home {
    if (!this.#home) throw new Error('There is a home within tests only.');
    return this.#home;
  }

  /** On the owner's socket, as on the platform's own machine. */
  async serve(answers: Answers): Promise<StandInPlatform> {
    await mkdir(join(this.home.path, 'run'));
    return this.#listen(answers, join(this.home.path, 'run', 'control.sock'));
  }

  /** On a port, as elsewhere. */
  serveOnNetwork(answers: Answers): Promise<StandInPlatform> {
    return this.#listen(answers, 0);
  }

  async #listen(answers: Answers, where: string | number): Promise<StandInPlatform> {
    this.#platform = new StandInPlatform(answers);
    await this.#platform.listen(where);
    return this.#platform;
  }
}
