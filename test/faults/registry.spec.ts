import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Release } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { command, molo, setting } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { freeze, startService, stopService } from './services.js';

/** Many times what an upload takes, and less than the patience of a build. */
const ailingMs = 10_000;

describe('a registry that fails a deployment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('registry');
  });

  afterAll(async () => {
    await serve();
    await bed[Symbol.asyncDispose]();
  });

  it('refuses everything for a while: the build waits for it', async () => {
    const deployment = await bed.deployWith('build:building', async () => {
      await refuse();
      await pause(ailingMs);
      await serve();
    });
    expect(deployment).toMatchObject({ state: 'live', failure: null });
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('refuses everything: the build fails and names it, and the next one goes well when it serves again', async () => {
    const deployment = await bed.deployWith('build:building', refuse, { overWithinMs: 120_000 });
    await serve();
    expect(deployment).toMatchObject({ state: 'failed', failure: { detail: expect.stringMatching(/registry/) as string } });
    expect(['image_push_failed', 'unavailable']).toContain(deployment.failure?.code);
    await expectInvariants(bed, deployment);
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });

  it('is slow: the deployment waits for it', async () => {
    const deployment = await bed.deployWith('build:pushing', () => freeze('registry', ailingMs));
    expect(deployment).toMatchObject({ state: 'live', failure: null });
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('gives another source than the one that was pushed: it is not built, and the deployment says which it is', async () => {
    await bed.change();
    await stopService('agent');
    const push = bed.subject.push();
    const id = await bed.newDeployment();
    const digest = await waitFor(() => sourceOf(id), { timeoutMs: 20_000, what: 'the source to be stored' });
    await damage(digest);
    await startService('agent');
    const deployment = await bed.untilOver(id, 60_000);
    expect((await push).stderr).toContain(digest);
    expect(deployment).toMatchObject({ state: 'failed', failure: { code: 'blob_damaged', detail: expect.stringContaining(digest) as string } });
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('gives an image that is not what its digest says: nothing of it runs, the reason names it, and the running release serves on', async () => {
    const earlier = await delivered();
    const running = await delivered();
    const parts = [...onlyIn(earlier, running), await forgetImage(earlier)];
    for (const digest of parts) await damage(digest);
    const { code, stdout, stderr } = await molo('rollback', `v${earlier.number}`, '--app', bed.subject.app);
    expect(code, stdout + stderr).toBe(1);
    const [deployment] = await bed.deployments(1);
    expect(deployment).toMatchObject({ state: 'failed', reason: 'rollback', failure: { code: 'blob_damaged' } });
    expect(parts.some((digest) => deployment!.failure?.detail.includes(digest)), deployment!.failure?.detail).toBe(true);
    expect(await live()).toMatchObject({ number: running.number });
    await expectInvariants(bed, deployment!);
    expectNothingLost(bed);
  });

  /** The release of one more change. */
  async function delivered(): Promise<Release> {
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    return live();
  }

  async function live(): Promise<Release> {
    const { items } = await bed.molo.listReleases({ params: { app: bed.subject.app, environment: 'production' }, query: { limit: 20 } });
    return items.find((release) => release.live)!;
  }
});

const storage = () => join(setting('MOLO_HOME'), 'registry/docker');

/** Its server answers, and cannot read or write anything. */
async function refuse(): Promise<void> {
  await chmod(storage(), 0);
}

async function serve(): Promise<void> {
  await chmod(storage(), 0o750);
}

/** Changes one byte of a blob. */
async function damage(digest: string): Promise<void> {
  const [algorithm = '', hex = ''] = digest.split(':');
  const file = join(storage(), 'registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data');
  const content = await readFile(file);
  content[content.length >> 1]! ^= 0xff;
  await writeFile(file, content);
}

async function sourceOf(deploymentId: string): Promise<string | undefined> {
  const client = new Client({ connectionString: setting('MOLO_DATABASE_URL') });
  await client.connect();
  try {
    const { rows } = await client.query<{ digest: string }>('select b.source_digest as digest from builds b join deployments d on d.build_id = b.id where d.id = $1', [deploymentId]);
    return rows[0]?.digest;
  } finally {
    await client.end();
  }
}

/** Digests of the layers that a release does not share with another. */
function onlyIn({ image }: Release, other: Release): string[] {
  const shared = new Set(other.image.layers.map(({ digest }) => digest));
  return image.layers.map(({ digest }) => digest).filter((digest) => !shared.has(digest));
}

/** Takes an image from the engine, so that it must be fetched. @returns the digest of its config */
async function forgetImage({ image }: Release): Promise<string> {
  const { stdout } = await command('docker', ['image', 'inspect', '--format', '{{.Id}}', image.reference]);
  const id = stdout.trim();
  expect(await command('docker', ['image', 'rm', '--force', id])).toMatchObject({ code: 0 });
  return id;
}
