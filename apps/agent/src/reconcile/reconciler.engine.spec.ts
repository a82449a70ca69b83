import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DesiredInstance, DesiredRoute } from '@molo/contracts';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { DockerEngine } from '../engine/docker-engine.js';
import type { Container } from '../engine/engine.js';
import { cgroupFolders, cgroupUsage } from '../figures/cgroup-usage.js';
import { buildTestImage, importTestImage, startTestAgent, TestControlPlane, testHome, TestIngress, testInstance, type TestAgent } from './test-agent.js';

const engine = new DockerEngine({ dockerSocket: '/var/run/docker.sock' }, pino({ level: 'silent' }));
const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const tag = `molo-test-${randomBytes(4).toString('hex')}`;
let imageId: string;
let app: string;
let controlPlane: TestControlPlane;
let url: string;
let ingress: TestIngress;
let home: ReturnType<typeof testHome>;
const agents: TestAgent[] = [];

beforeAll(async () => {
  imageId = await importTestImage(docker, tag);
});
afterAll(async () => {
  await docker.getImage(tag).remove({ force: true });
});
beforeEach(async () => {
  app = `t${randomBytes(4).toString('hex')}`;
  controlPlane = new TestControlPlane();
  url = await controlPlane.start();
  ingress = new TestIngress();
  home = testHome();
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  for (const container of await containers()) await engine.remove(container.id);
  await engine.removeNetwork(`molo-${app}-production`);
  controlPlane.close();
  home.remove();
});

async function agent(options: { follow?: boolean } = {}): Promise<TestAgent> {
  const started = await startTestAgent({ engine, home: home.home, controlPlaneUrl: url, ingress, ...options });
  agents.push(started);
  return started;
}

function containers(): Promise<Container[]> {
  return engine.list({ 'molo.managed': 'true', 'molo.node': controlPlane.nodeId });
}

function instance(changes: Partial<DesiredInstance> = {}): DesiredInstance {
  return testInstance(app, { image: { reference: `localhost:1/${app}@sha256:0`, digest: `sha256:${'0'.repeat(64)}`, imageId }, ...changes });
}

function route(serving: readonly DesiredInstance[]): DesiredRoute {
  return { environmentId: serving[0]!.environmentId, app, environment: 'production', hosts: [`${app}.localhost`], release: serving[0]!.release, serving: serving.map((each) => each.id), countingDeploymentId: null };
}

async function desire(target: TestAgent, instances: readonly DesiredInstance[], routes: readonly DesiredRoute[] = []): Promise<void> {
  await target.reconciler.accept(controlPlane.want(instances, routes));
}

function reported(wanted: DesiredInstance, observed: string, timeoutMs = 20_000) {
  return waitFor(() => (controlPlane.seen(wanted.id)?.observed === observed ? controlPlane.seen(wanted.id)! : null), { timeoutMs, what: `${observed} of ${wanted.processType} (${JSON.stringify(controlPlane.seen(wanted.id))})` });
}

describe('an instance', () => {
  it('gets healthy, under limits that the kernel holds, with little left of root', async () => {
    const wanted = instance({ env: { GREETING: "it's here" } });
    const one = await agent();
    await desire(one, [wanted]);
    const seen = await reported(wanted, 'healthy');
    expect(seen.address).toMatch(/^10\.214\./);
    const [container] = await containers();
    const folders = cgroupFolders(readFileSync(`/proc/${container!.pid}/cgroup`, 'utf8'));
    const read = (controller: string, v1: string, v2: string) => readFileSync(folders.has(controller) ? `${folders.get(controller)}/${v1}` : `${folders.get('')}/${v2}`, 'utf8').trim();
    expect(read('memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(64 * 1024 ** 2));
    expect(read('pids', 'pids.max', 'pids.max')).toBe('40');
    expect(read('cpu', 'cpu.cfs_quota_us', 'cpu.max')).toMatch(/^50000/);
    const status = readFileSync(`/proc/${container!.pid}/status`, 'utf8');
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/CapBnd:\s+00000000000004fb/);
    const env = readFileSync(`/proc/${container!.pid}/environ`, 'utf8').split('\0');
    expect(env).toContain("GREETING=it's here");
    expect(env).toContain('PORT=8080');
    expect(env).toContain('MOLO_INSTANCE=web.1');
    const usage = cgroupUsage(container!.pid);
    expect(usage?.memoryBytes).toBeGreaterThan(0);
    expect(usage?.pids).toBeGreaterThan(0);
  });

  it('that ends before it is healthy fails at once, with its code and its last lines', async () => {
    const wanted = instance({ command: 'echo one; echo two >&2; exit 3' });
    await desire(await agent(), [wanted]);
    const seen = await reported(wanted, 'failed');
    expect(seen).toMatchObject({ exitCode: 3, failure: { code: 'instance_exited' } });
    expect(seen.lastLines.toSorted()).toEqual(['one', 'two']);
    await waitFor(() => controlPlane.logs.map((chunk) => chunk.text).join('\n').includes('two'), { what: "lines in the deployment's log" });
    expect(controlPlane.logs[0]).toMatchObject({ deploymentId: wanted.deploymentId, source: 'web.1' });
  });

  it('whose command is not there fails and says so', async () => {
    const wanted = instance({ command: 'nosuchprogram --serve' });
    await desire(await agent(), [wanted]);
    expect(await reported(wanted, 'failed')).toMatchObject({ failure: { code: 'instance_exited', detail: expect.stringContaining('not found') } });
  });

  it('over its memory limit is said to have been killed for that', async () => {
    const wanted = instance({ command: 'exec dd if=/dev/zero of=/dev/null bs=200M count=1' });
    await desire(await agent(), [wanted]);
    expect(await reported(wanted, 'failed')).toMatchObject({ outOfMemory: true, exitCode: 137, failure: { code: 'instance_out_of_memory', detail: expect.stringContaining('64 MB') } });
  });

  it.each([
    ['on another port', 'httpd -f -p 3001', /listens on 3001, but \$PORT is 8080/, 'instance_wrong_port'],
    ['on loopback alone', 'httpd -f -p 127.0.0.1:8080', /Listen on 0\.0\.0\.0/, 'instance_wrong_port'],
    ['nowhere', 'sleep 1000', /listens on no port/, 'instance_not_listening'],
  ])('that listens %s fails at its deadline and is told so', async (_where, command, detail, code) => {
    const wanted = instance({ command, health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 0.05, timeoutSeconds: 1, startSeconds: 1 } });
    await desire(await agent(), [wanted]);
    expect(await reported(wanted, 'failed')).toMatchObject({ failure: { code, detail: expect.stringMatching(detail) } });
  });

  it('that rests on another port is told of in the log of its deployment, and fails long before its deadline', async () => {
    const wanted = instance({ command: 'httpd -f -p 3001', health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 0.05, timeoutSeconds: 1, startSeconds: 60 } });
    await desire(await agent(), [wanted]);
    const told = await waitFor(() => controlPlane.logs.find((chunk) => chunk.source === 'molo'), { timeoutMs: 8000, what: 'the line' });
    expect(told).toMatchObject({ deploymentId: wanted.deploymentId, text: expect.stringMatching(/^Still waiting for port 8080: web\.1 listens on 3001/) });
    expect(await reported(wanted, 'failed')).toMatchObject({ failure: { code: 'instance_wrong_port' } });
  });

  it('that answers its HTTP check badly fails with what it answered', async () => {
    const wanted = instance({ health: { check: { kind: 'http', port: 8080, path: '/missing' }, intervalSeconds: 0.05, timeoutSeconds: 1, startSeconds: 1 } });
    await desire(await agent(), [wanted]);
    expect(await reported(wanted, 'failed')).toMatchObject({ failure: { code: 'instance_unhealthy', detail: expect.stringContaining('404') } });
  });

  it('that answers its HTTP check well is healthy', async () => {
    const wanted = instance({ health: { check: { kind: 'http', port: 8080, path: '/' }, intervalSeconds: 0.05, timeoutSeconds: 1, startSeconds: 5 } });
    await desire(await agent(), [wanted]);
    await reported(wanted, 'healthy');
  });

  it("is healthy when the image's own HEALTHCHECK says so, and not before", async () => {
    const checked = `${tag}-checked`;
    const checkedId = await buildTestImage(docker, checked, `FROM ${tag}\nHEALTHCHECK --interval=30s CMD ["/bin/cat", "/tmp/ready"]\n`);
    const image = { ...instance().image, imageId: checkedId };
    const wanted = instance({ image, command: 'sleep 1; touch /tmp/ready; sleep 1000', health: { check: { kind: 'image' }, intervalSeconds: 0.1, timeoutSeconds: 1, startSeconds: 15 } });
    const never = { ...wanted, id: randomUUID(), index: 2, command: 'sleep 1000', health: { ...wanted.health!, startSeconds: 4 } };
    await desire(await agent(), [wanted, never]);
    await reported(wanted, 'healthy');
    expect(await reported(never, 'failed')).toMatchObject({ failure: { code: 'instance_unhealthy' } });
    await docker.getImage(checked).remove({ force: true });
  });

  it('that crashes after it was healthy backs off, and is counted', async () => {
    const wanted = instance({ command: 'httpd -p $PORT; sleep 1; echo boom; exit 1' });
    await desire(await agent(), [wanted], [route([wanted])]);
    await reported(wanted, 'healthy');
    const seen = await waitFor(() => controlPlane.reports.flatMap((report) => report.instances).find((each) => each.observed === 'backing_off' && each.restarts === 2), { timeoutMs: 30_000, what: 'a second crash' });
    expect(seen).toMatchObject({ failure: { code: 'instance_exited' } });
    expect(seen.lastLines).toContain('boom');
    expect(ingress.markedDown).toContain(wanted.id);
    await waitFor(() => controlPlane.seen(wanted.id)?.observed === 'healthy', { timeoutMs: 20_000, what: 'its next start' });
    expect(ingress.addresses.get(wanted.id)).toMatchObject({ port: 8080, state: 'serving' });
  });

  it('that ignores SIGTERM is killed after its grace period', async () => {
    const wanted = instance({ command: "trap '' TERM; httpd -p $PORT; while :; do sleep 1; done", stopSeconds: 1 });
    const one = await agent();
    await desire(one, [wanted]);
    await reported(wanted, 'healthy');
    const asked = performance.now();
    await desire(one, [{ ...wanted, desired: 'stopped' }]);
    await reported(wanted, 'gone');
    expect(performance.now() - asked).toBeGreaterThan(1000);
    expect(await containers()).toEqual([]);
  });

  it('that takes SIGTERM is stopped at once', async () => {
    const wanted = instance({ stopSeconds: 30 });
    const one = await agent();
    await desire(one, [wanted]);
    await reported(wanted, 'healthy');
    await desire(one, [{ ...wanted, desired: 'stopped' }]);
    await reported(wanted, 'gone', 5000);
  });

  it.each([
    ['a simple command', 'sh /www/app'],
    ['a command that needs the shell', 'cd /www && GREETING=x sh ./app'],
  ])('that is %s gets SIGTERM and may finish its work', async (_what, command) => {
    const wanted = instance({ command, port: null, health: { check: { kind: 'running' }, intervalSeconds: 1, timeoutSeconds: 1, startSeconds: 10 } });
    const one = await agent();
    await desire(one, [wanted]);
    await reported(wanted, 'healthy');
    await desire(one, [{ ...wanted, desired: 'stopped' }]);
    await reported(wanted, 'gone', 6000);
    const lines = (await one.logStore.of(wanted.environmentId).tail(10, () => true)).map((record) => record.t);
    // The signal goes to the whole group; a shell may tell that it ended a `sleep`.
    expect(lines.filter((line) => line !== 'Terminated')).toEqual(['up', 'finishing', 'bye']);
  });

  it('that says more than anybody reads keeps within its bounds, and does not hold up the others', async () => {
    const loud = instance({ processType: 'release', runsOnce: true, command: 'while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789; done', port: null, health: null });
    const quiet = instance({ environmentId: loud.environmentId });
    await desire(await agent(), [loud, quiet]);
    await reported(quiet, 'healthy');
    await waitFor(() => controlPlane.logs.some((chunk) => chunk.text.includes('read it with molo logs')), { timeoutMs: 20_000, what: 'the bound of the log of the deployment' });
    expect(controlPlane.logs.filter((chunk) => chunk.source === 'release.1').reduce((sum, chunk) => sum + chunk.text.length, 0)).toBeLessThan(512 * 1024);
  });

  it('drains until nothing is open to it any more, then ends', async () => {
    const wanted = instance();
    const one = await agent();
    await desire(one, [wanted], [route([wanted])]);
    await reported(wanted, 'healthy');
    ingress.open.set(wanted.id, 2);
    await desire(one, [{ ...wanted, desired: 'draining' }], [{ ...route([wanted]), serving: [] }]);
    await reported(wanted, 'draining');
    await waitFor(() => controlPlane.reports.at(-1)?.routes[0]?.draining === 2, { what: 'its open connections in the report' });
    ingress.open.set(wanted.id, 0);
    await reported(wanted, 'gone', 5000);
  });
});

describe('a process that runs once', () => {
  it('is done when it ends with 0, and its lines are in the log of the deployment', async () => {
    const release = instance({ processType: 'release', runsOnce: true, port: null, health: null, command: 'echo migrated' });
    await desire(await agent(), [release]);
    expect(await reported(release, 'exited')).toMatchObject({ exitCode: 0 });
    await waitFor(() => controlPlane.logs.some((chunk) => chunk.source === 'release.1' && chunk.text === 'migrated'), { what: 'its lines' });
  });

  it('fails with its last lines when it ends with anything else', async () => {
    const release = instance({ processType: 'release', runsOnce: true, port: null, health: null, command: 'echo no such table; exit 1' });
    await desire(await agent(), [release]);
    expect(await reported(release, 'failed')).toMatchObject({ exitCode: 1, failure: { code: 'release_process_failed' }, lastLines: ['no such table'] });
  });
});

describe('an agent', () => {
  it('that starts again adopts what runs, with everybody else dead, and loses or doubles no line of its log', async () => {
    const wanted = instance({ command: 'httpd -p $PORT; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done' });
    const first = await agent();
    await desire(first, [wanted], [route([wanted])]);
    const before = await reported(wanted, 'healthy');
    agents.splice(0);
    await first.close();
    controlPlane.up = false;
    ingress = new TestIngress();
    const second = await agent();
    await waitFor(() => ingress.addresses.get(wanted.id)?.state === 'serving', { what: 'the ingress to be filled again' });
    expect(second.reconciler.running()).toMatchObject([{ container: { id: before.containerId } }]);
    expect((await containers()).length).toBe(1);
    const log = second.logStore.of(wanted.environmentId);
    const enough = async () => (await log.tail(100_000, () => true)).length > 150;
    await waitFor(enough, { what: 'more lines' });
    const lines = (await log.tail(100_000, () => true)).map((record) => record.t);
    expect(lines).toEqual(lines.map((_, index) => `line ${index}`));
    controlPlane.up = true;
    await waitFor(() => controlPlane.reports.at(-1)?.generation === controlPlane.desired.generation && controlPlane.reports.length > 1, { timeoutMs: 15_000, what: 'a report once the control plane is back' });
  });

  it('stops what it owns and nobody wants, and touches nothing else', async () => {
    const wanted = instance();
    const labels = { 'molo.managed': 'true', 'molo.node': randomUUID(), 'molo.instance': randomUUID() };
    const stranger = await docker.createContainer({ Image: tag, Cmd: ['/bin/sleep', '1000'], Labels: labels });
    await stranger.start();
    const first = await agent();
    await desire(first, [wanted]);
    await reported(wanted, 'healthy');
    agents.splice(0);
    await first.close();
    controlPlane.want([]);
    await agent();
    await waitFor(async () => (await containers()).length === 0, { timeoutMs: 20_000, what: 'the container to be gone' });
    await waitFor(async () => !(await engine.networks()).some((network) => network.name === `molo-${app}-production`), { what: 'its network to be gone' });
    expect((await engine.inspect(stranger.id))?.status).toBe('running');
    await engine.remove(stranger.id);
  });

  it('refuses an older generation', async () => {
    const wanted = instance();
    const one = await agent({ follow: false });
    const old = controlPlane.want([]);
    await desire(one, [wanted]);
    await expect(one.reconciler.accept(old)).rejects.toMatchObject({ code: 'generation_outdated' });
    await reported(wanted, 'healthy');
  });

  it('starts an instance again whose container somebody removed', async () => {
    const wanted = instance();
    await desire(await agent(), [wanted]);
    const seen = await reported(wanted, 'healthy');
    await engine.remove(seen.containerId!);
    await waitFor(() => controlPlane.seen(wanted.id)?.observed === 'healthy' && controlPlane.seen(wanted.id)?.containerId !== seen.containerId, { what: 'another container' });
  });

  it('lets instances of one environment find each other by process type', async () => {
    const web = instance();
    const worker = { ...instance({ processType: 'worker', port: null, health: null, command: 'sleep 1; nc web 8080 < /dev/null && echo found; sleep 1000' }), environmentId: web.environmentId };
    const one = await agent();
    await desire(one, [web, worker]);
    await reported(worker, 'healthy');
    const log = one.logStore.of(web.environmentId);
    await waitFor(async () => (await log.tail(10, (record) => record.n === 'worker.1')).some((record) => record.t === 'found'), { what: 'the worker to find web' });
  });
});
