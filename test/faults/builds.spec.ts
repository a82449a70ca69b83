import { randomUUID } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, setting, visit } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { Latency } from './latency.js';

const base = 'FROM molo/stack:debian-12\n';
/** The noise of a machine at rest: below that, twice as slow says nothing. What else the machine does is seen before and after. */
const leastCalmMs = 15;
const calmForMs = 10_000;
/** A build log is cut at 10 MB. */
const mostLogBytes = 11 * 1024 ** 2;
/** Others write on the same disk; what is to be given back is 8 GiB. */
const mostDiskLeftBytes = 4e9;

const sockets = `perl -MSocket -e '
  socket(my $l, PF_INET, SOCK_STREAM, 0); bind($l, sockaddr_in(7777, INADDR_LOOPBACK)); listen($l, 2000);
  for (1..1000) { socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in(7777, INADDR_LOOPBACK)) or die $!; push @all, $s }
  print "open: ", scalar @all, "\\n"; sleep 15; exit 7'`;

/** What a build does, and how it is to end: with a failure, or null where it does no harm that needs an end. */
const builds: readonly [what: string, step: string, ending: { code: string; detail: RegExp } | null][] = [
  ['hangs', 'sleep 1000000', { code: 'build_timed_out', detail: /120 seconds/ }],
  ['prints 100 MB', 'yes "a line of a build that says much" | head -c 100000000', null],
  ['forks without end', 'f() { f | f & }; f; exec sleep 1000000', { code: 'build_timed_out', detail: /120 seconds/ }],
  ['eats all memory', 'tail /dev/zero', { code: 'build_out_of_memory', detail: /2048 MB/ }],
  ['writes 10 GB', 'head -c 10000000000 /dev/zero > /big', { code: 'build_disk_exceeded', detail: /8192 MB/ }],
  ['opens a thousand sockets', sockets.replaceAll(/\n\s*/g, ' '), { code: 'build_step_failed', detail: /exit code 7\. Its last lines:\nopen: 1000/ }],
];

describe('a build that', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('builds');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(builds)('%s ends at its limit with the reason, leaves nothing behind, and its neighbours hardly notice', async (_what, step, ending) => {
    const calmBeforeMs = await latency().p99Within(calmForMs);
    const freeBefore = await freeBytes();
    // What the engine has in its cache is not done again.
    await bed.subject.write('Dockerfile', `${base}RUN : ${randomUUID()} && ${step}\n`);
    await bed.subject.commit('Misbehave');
    const measuring = latency().p99Until(bed.subject.push());
    const id = await bed.newDeployment();
    const deployment = await bed.untilOver(id, 240_000);
    const busyMs = await measuring;
    if (ending) expect(deployment).toMatchObject({ state: 'failed', failure: { code: ending.code, detail: expect.stringMatching(ending.detail) as string } });
    else await expectBuilt(id);
    await waitFor(async () => (await runningSteps()) === 0, { timeoutMs: 60_000, what: 'no process of a build to be left' });
    await waitFor(async () => (await freeBytes()) > freeBefore - mostDiskLeftBytes, { timeoutMs: 60_000, what: 'the disk to have what the build took' });
    const calmMs = Math.max(leastCalmMs, calmBeforeMs, await latency().p99Within(calmForMs));
    expect(busyMs, `p99 of the bystander in ms, ${calmMs} while nothing is built`).toBeLessThan(2 * calmMs);
    await expectInvariants(bed, deployment);
    expect((await visit(bed.subject.app, '/version')).status).toBe(200);
    expectNothingLost(bed);
  });

  const latency = () => new Latency(bed.bystander.app, Number(setting('MOLO_HTTP_PORT')));

  /** The image is made, and of what the build said as much is kept as anybody reads. */
  async function expectBuilt(id: string): Promise<void> {
    const events = await bed.eventsOf(id);
    expect(events.some((event) => event.kind === 'build' && event.state === 'succeeded')).toBe(true);
    const said = events.flatMap((event) => (event.kind === 'log' && event.source === 'build' ? [event.text] : [])).join('\n');
    // BuildKit clips what a step says at its own limit, Molo what a build says.
    expect(said).toMatch(/output clipped|the rest is left out/);
    expect(said.length).toBeLessThan(mostLogBytes);
  }
});

async function freeBytes(): Promise<number> {
  const { stdout } = await command('docker', ['info', '--format', '{{.DockerRootDir}}']);
  const { bavail, bsize } = await statfs(stdout.trim());
  return bavail * bsize;
}

/** Processes in the cgroup of all builds of the engine. */
async function runningSteps(): Promise<number> {
  const files = ['/sys/fs/cgroup/pids/docker/buildkit/pids.current', '/sys/fs/cgroup/docker/buildkit/pids.current'];
  const counts = await Promise.all(files.map(async (file) => Number(await readFile(file, 'utf8').catch(() => NaN))));
  return counts.find((count) => !Number.isNaN(count)) ?? expect.unreachable('the cgroup of builds cannot be read');
}
