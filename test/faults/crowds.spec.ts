import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFinal } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { visit, WorkingCopy } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { homeBytes, residentBytes } from './footprint.js';
import { expectInvariants, expectNothingLost } from './invariants.js';

const pushesAtOnce = 20;
const appsAtOnce = 50;
/** The most that programs which hold something of every push may take of the machine, while all come at once and once they are live. */
const mostResidentBytes = { 'control-plane': 600e6, agent: 400e6 } as const;
const lookEveryMs = 500;
/** A site of three files: its repository, its source and its own layers, with the share of the database and of the log. */
const mostBytesOfApp = 10e6;

describe('a crowd', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('crowd');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it(`of ${pushesAtOnce} pushes to one app at once: one after the other, the newest wins, the rest say what became of them`, async () => {
    const before = (await bed.deployments(200)).length;
    const pushes: Promise<unknown>[] = [];
    for (let number = 0; number < pushesAtOnce; number += 1) {
      await bed.change();
      const { stdout: commit } = await bed.subject.git('rev-parse', 'HEAD');
      pushes.push(bed.subject.push(`${commit.trim()}:refs/heads/main`, '--force'));
    }
    await Promise.all(pushes);
    const begun = (await waitFor(async () => {
      const all = (await bed.deployments(200)).slice(0, -before);
      return all.length > 0 && all.every(({ state }) => isFinal(state)) ? all : null;
    }, { timeoutMs: 300_000, what: 'all deployments to be over' })).toReversed();
    const live = begun.filter(({ state }) => state === 'live');
    expect(live).toHaveLength(1);
    expect(begun.at(-1)?.id).toBe(live[0]?.id);
    for (const { state, failure } of begun) if (state === 'cancelled') expect(failure?.code).toBe('deployment_superseded');
    const [newest] = live;
    if (newest) await expectInvariants(bed, newest);
    expectNothingLost(bed);
  });

  it(`of ${appsAtOnce} apps pushed at once: all go live, and the bystander notices nothing`, { timeout: 1_800_000 }, async () => {
    const copies: WorkingCopy[] = [];
    try {
      for (let number = 1; number <= appsAtOnce; number += 1) {
        const copy = await WorkingCopy.of(`crowd-${number}`);
        copies.push(copy);
        await copy.commitFixture('static-site');
      }
      const before = await homeBytes();
      const memory = new HighWater();
      const outcomes = await Promise.all(copies.map((copy) => copy.push()));
      for (const { code, stderr } of outcomes) expect(code, stderr).toBe(0);
      expect((await homeBytes()) - before, 'more bytes under MOLO_HOME').toBeLessThan(mostBytesOfApp * appsAtOnce);
      for (const { app } of copies) expect((await visit(app)).body).toContain('A static site');
      const most = await memory.end();
      for (const [service, bytes] of Object.entries(mostResidentBytes)) expect(most[service], `most memory of ${service}`).toBeLessThan(bytes);
      expectNothingLost(bed);
    } finally {
      for (const copy of copies) await copy[Symbol.asyncDispose]();
    }
  });
});

/** The most that each program was seen to take. */
class HighWater {
  readonly #most: Record<string, number> = {};
  #ended = false;
  readonly #looking = this.#look();

  async end(): Promise<Record<string, number>> {
    this.#ended = true;
    await this.#looking;
    return this.#most;
  }

  async #look(): Promise<void> {
    while (!this.#ended) {
      for (const [service, bytes] of Object.entries(await residentBytes())) this.#most[service] = Math.max(this.#most[service] ?? 0, bytes);
      await pause(lookEveryMs);
    }
  }
}
