import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { DockerEngine } from '../engine/docker-engine.js';
import { importTestImage, startTestAgent, TestControlPlane, testHome, TestIngress, testInstance, type TestAgent } from '../reconcile/test-agent.js';

const engine = new DockerEngine({ dockerSocket: '/var/run/docker.sock' }, pino({ level: 'silent' }));
const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const name = `molo-test-${randomBytes(4).toString('hex')}`;
const lines = 700_000;
let controlPlane: TestControlPlane;
let url: string;
let home: ReturnType<typeof testHome>;
let agent: TestAgent;

beforeEach(async () => {
  controlPlane = new TestControlPlane();
  url = await controlPlane.start();
  home = testHome();
  agent = await start();
});
afterEach(async () => {
  await agent.close();
  for (const { id } of await containers()) await engine.remove(id);
  await engine.removeNetwork(`molo-${name}-production`);
  await docker.getImage(name).remove({ force: true });
  controlPlane.close();
  home.remove();
});

const start = () => startTestAgent({ engine, home: home.home, controlPlaneUrl: url, ingress: new TestIngress() });
const containers = () => engine.list({ 'molo.managed': 'true', 'molo.node': controlPlane.nodeId });

it('hands on each line once of an app that writes as fast as it can, over the files of the engine and a new start of the agent', async () => {
  const imageId = await importTestImage(docker, name);
  const wanted = testInstance(name, { image: { reference: `localhost:1/${name}@sha256:0`, digest: `sha256:${'0'.repeat(64)}`, imageId }, command: `seq 1 ${lines}; sleep 1000`, port: null, health: null });
  await agent.reconciler.accept(controlPlane.want([wanted], []));
  const [container] = await waitFor(async () => ((await containers())[0]?.logFile ? containers() : null), { what: 'the container' });
  let [next, others, files, hasRestarted] = [1, 0, 0, false];
  let place = { file: 1, offset: 0 };
  for (const deadline = performance.now() + 60_000; next <= lines && performance.now() < deadline; await turn()) {
    const part = await agent.logStore.of(wanted.environmentId).read(place);
    for (const { record } of part.records) {
      if (record.t === String(next)) next += 1;
      else others += 1;
    }
    place = part.next;
    files = Math.max(files, readdirSync(dirname(container!.logFile!)).filter((file) => file.includes('-json.log')).length);
    if (next < lines / 3 || hasRestarted) continue;
    hasRestarted = true;
    await agent.close();
    agent = await start();
  }
  expect({ next, others }).toEqual({ next: lines + 1, others: 0 });
  expect(hasRestarted).toBe(true);
  expect(files).toBeGreaterThan(2);
}, 90_000);
