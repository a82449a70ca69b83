import { expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { command, setting, visit } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants } from './invariants.js';
import { processesOfHome } from './services.js';

it('a machine whose programs all stop at once in the middle of a deployment comes back by itself, in the right order', async () => {
  await using bed = await FaultBed.start('reboot');
  await Promise.all([bed.traffic.subject.stop(), bed.traffic.bystander.stop()]);
  const deployment = await bed.deployWith(
    'state:starting',
    async () => {
      await endEverything(bed);
      const { code, stdout, stderr } = await command('node', ['infra/bootstrap.mjs', 'start'], { env: { MOLO_HOME: setting('MOLO_HOME') } });
      expect(code, stdout + stderr).toBe(0);
    },
    { overWithinMs: 60_000 },
  );
  for (const { app } of [bed.subject, bed.bystander]) {
    await waitFor(async () => (await visit(app, '/version')).status === 200, { timeoutMs: 30_000, what: `${app} to serve again` });
  }
  await expectInvariants(bed, deployment);
});

/** kill -9 of all that runs under the platform's home, its keepers first, and of the apps' containers. */
async function endEverything(bed: FaultBed): Promise<void> {
  for (const pid of await processesOfHome()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with its parent.
    }
  }
  for (const { app } of [bed.subject, bed.bystander]) {
    const { stdout } = await command('docker', ['ps', '--quiet', '--filter', `label=molo.app=${app}`]);
    for (const id of stdout.split('\n').filter(Boolean)) await command('docker', ['kill', id]);
  }
}
