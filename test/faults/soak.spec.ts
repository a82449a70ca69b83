import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { command } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { killedServices, pidOf } from './services.js';

const deployments = 200;
/** The first ones fill caches and pools, which is no leak. */
const warmUp = 20;
/** Of the deployments, one in so many is a push; the others change config, which takes the same way without a build. */
const onePushIn = 10;
/** Memory of a program with a garbage collector goes up and down. */
const mostMemoryGrowth = 1.25;

/** What would grow if something leaked. */
interface Footprint {
  readonly residentBytes: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number>>;
  readonly iptablesRules: number;
  readonly containers: number;
  readonly networks: number;
}

let bed: FaultBed;

beforeAll(async () => {
  bed = await FaultBed.start('soak');
});

afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

it(`${deployments} deployments in a row of two apps under constant load lose nothing and leave nothing behind`, { timeout: 3_600_000 }, async () => {
  let before: Footprint | undefined;
  for (let number = 1; number <= deployments; number += 1) {
    await deployOnce(number);
    if (number === warmUp) before = await footprint();
  }
  const after = await footprint();
  expectNothingLost(bed);
  const [newest] = await bed.deployments(1);
  if (newest) await expectInvariants(bed, newest);
  if (!before) throw new Error('nothing was looked at before');
  for (const [service, bytes] of Object.entries(after.residentBytes)) expect(bytes, `memory of ${service}`).toBeLessThan((before.residentBytes[service] ?? 0) * mostMemoryGrowth);
  for (const [service, files] of Object.entries(after.files)) expect(files, `open files of ${service}`).toBeLessThanOrEqual((before.files[service] ?? 0) + 10);
  expect(after).toMatchObject({ iptablesRules: before.iptablesRules, containers: before.containers, networks: before.networks });
});

/** Of one app and of the other in turn. */
async function deployOnce(number: number): Promise<void> {
  if (number % onePushIn === 0) {
    await bed.change();
    const { code, stderr } = await bed.subject.push();
    expect(code, stderr).toBe(0);
    return;
  }
  const { app } = number % 2 === 0 ? bed.subject : bed.bystander;
  const { deployment } = await bed.molo.updateConfig({ params: { app, environment: 'production' }, body: { set: { SOAK: String(number) } } });
  if (!deployment) throw new Error('the change was not deployed');
  expect((await bed.untilOver(deployment.id, 60_000)).state).toMatch(/live|superseded/);
}

async function footprint(): Promise<Footprint> {
  const services = killedServices.filter((service) => service !== 'dockerd');
  const pids = await Promise.all(services.map(async (service) => [service, await pidOf(service)] as const));
  return {
    residentBytes: Object.fromEntries(await Promise.all(pids.map(async ([service, pid]) => [service, await residentBytes(pid)] as const))),
    files: Object.fromEntries(await Promise.all(pids.map(async ([service, pid]) => [service, (await readdir(`/proc/${pid}/fd`)).length] as const))),
    iptablesRules: await linesOf('iptables-save'),
    containers: await linesOf('docker', 'ps', '--all', '--quiet'),
    networks: await linesOf('docker', 'network', 'ls', '--quiet'),
  };
}

async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function linesOf(program: string, ...args: string[]): Promise<number> {
  const { stdout } = await command(program, args);
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !/^:.* \[\d+:\d+\]$/.test(line)).length;
}
