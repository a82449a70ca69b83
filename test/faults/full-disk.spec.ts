import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setting, visit } from '../e2e/platform.js';
import { FaultBed, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { fill } from './small-disk.js';

/** Less than the platform keeps for itself, more than it needs for a while. */
const littleBytes = 100e6;
/** Longer than all time limits between the programs but those for whole builds and deployments. */
const fullMs = 45_000;
const moments = ['state:queued', 'build:building', 'build:pushing', 'state:starting', 'state:switching', 'state:draining'] as const satisfies readonly Moment[];

describe('a full disk under MOLO_HOME', () => {
  let bed: FaultBed;
  let makeRoom = async () => {};

  beforeAll(async () => {
    bed = await FaultBed.start('fulldisk');
  });

  afterEach(() => makeRoom());

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it('takes no push while there is too little room, says so, and takes it when there is', async () => {
    const before = await bed.deployments();
    makeRoom = await fill(setting('MOLO_HOME'), littleBytes);
    await bed.change();
    const refused = await bed.subject.push();
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/The platform's disk has \d+ MB left/);
    expect(await bed.deployments()).toEqual(before);
    await makeRoom();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });

  it.each(moments)('from %s on: apps serve, nothing is lost, and all goes on by itself when there is room again', async (moment) => {
    const deployment = await bed.deployWith(moment, async () => {
      makeRoom = await fill(setting('MOLO_HOME'), 0);
      await pause(fullMs);
      expect((await visit(bed.bystander.app, '/version')).status).toBe(200);
      await makeRoom();
    });
    await expectInvariants(bed, deployment);
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });
});
