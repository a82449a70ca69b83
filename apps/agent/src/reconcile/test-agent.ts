import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, LogChunk, ObservedNode, type DesiredAnswer, type DesiredInstance, type DesiredNode, type DesiredRoute, type ObservedInstance, type ObservedRoute, type TrafficCount } from '@molo/contracts';
import type Docker from 'dockerode';
import { pino } from 'pino';
import { pack } from 'tar-stream';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Engine } from '../engine/engine.js';
import { EnvironmentNetworks } from '../engine/environment-networks.js';
import type { Ingress } from '../ingress/ingress.js';
import type { InstanceAddress } from '../ingress/wish.js';
import { Images } from '../instances/images.js';
import { MemoryStore } from '../instances/memory-store.js';
import { DeploymentLines } from '../logs/deployment-lines.js';
import { InstanceLogs } from '../logs/instance-logs.js';
import { LogStore } from '../logs/log-store.js';
import { DesiredFollower } from './desired-follower.js';
import { DesiredStore } from './desired-store.js';
import { ObservedReporter } from './observed-reporter.js';
import { Reconciler } from './reconciler.js';
import { Standstill } from './standstill.js';
import { Traffic } from './traffic.js';

/** What tests of the agent need around it: a control plane that listens, an ingress that obeys, and the agent's own parts. */

export function wholeSet(node: DesiredNode): DesiredAnswer {
  return { ...node, since: null, gone: { instances: [], environments: [] } };
}

export class TestControlPlane {
  desired: DesiredAnswer;
  readonly reports: ObservedNode[] = [];
  readonly logs: LogChunk[] = [];
  up = true;
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private server: Server | null = null;

  constructor(readonly nodeId: string = randomUUID()) {
    this.desired = wholeSet({ nodeId, generation: 1, instances: [], routes: [] });
  }

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.answer(request, response)).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  want(instances: readonly DesiredInstance[], routes: readonly DesiredRoute[] = []): DesiredAnswer {
    this.desired = wholeSet({ nodeId: this.nodeId, generation: this.desired.generation + 1, instances: [...instances], routes: [...routes] });
    this.changes.emit('wanted');
    return this.desired;
  }

  /** What was last reported of an instance. */
  seen(instanceId: string): ObservedInstance | undefined {
    return this.reports.at(-1)?.instances.find((each) => each.id === instanceId);
  }

  /** Reports are kept as the wholes that they make. @returns whether it builds on the last one */
  private take(report: ObservedNode): boolean {
    const last = this.reports.at(-1);
    if (report.after !== null && report.after !== last?.seq) return false;
    const before = report.after === null ? undefined : last;
    const isThere = ({ id }: ObservedInstance) => !report.absent.includes(id) && this.desired.instances.some((wanted) => wanted.id === id);
    const instances = new Map([...(before?.instances ?? []).filter(isThere), ...report.instances].map((instance) => [instance.id, instance]));
    const routes = new Map([...(before?.routes ?? []), ...report.routes].map((route) => [route.environmentId, route]));
    this.reports.push({ ...report, instances: [...instances.values()], routes: [...routes.values()] });
    return true;
  }

  close(): void {
    this.changes.emit('wanted');
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!this.up) return void response.writeHead(503).end();
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://control-plane');
    if (pathname === '/agent/v1/desired') {
      if (this.desired.generation <= Number(searchParams.get('since') ?? -1)) await once(this.changes, 'wanted', { signal: AbortSignal.timeout(Number(searchParams.get('waitSeconds')) * 1000) }).catch(() => undefined);
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.desired));
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (request.url === '/agent/v1/observed' && !this.take(ObservedNode.parse(body))) return void response.writeHead(409).end(JSON.stringify(new AppError('base_unknown', { detail: 'Send the whole.' }).toProblem()));
    if (request.url === '/agent/v1/logs') this.logs.push(...LogChunk.array().parse(body));
    response.writeHead(204).end();
  }
}

/** Does what the real one is asked for as far as the reconciler can tell, and keeps what it was told. */
export class TestIngress {
  addresses: ReadonlyMap<string, InstanceAddress> = new Map();
  readonly open = new Map<string, number>();
  readonly markedDown: string[] = [];

  async apply(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<ObservedRoute[]> {
    this.addresses = addresses;
    return routes.map((route) => ({ environmentId: route.environmentId, serving: route.serving.filter((id) => addresses.get(id)?.state === 'serving'), draining: 0, failure: null }));
  }
  async openConnections(instanceId: string): Promise<number> {
    return this.open.get(instanceId) ?? 0;
  }
  async markDown(instanceId: string): Promise<void> {
    this.markedDown.push(instanceId);
  }
  traffic: () => Promise<TrafficCount[]> = async () => [];
  figures = async () => [];
  onObserved = () => () => undefined;
}

export interface TestAgent {
  readonly reconciler: Reconciler;
  readonly follower: DesiredFollower;
  readonly logStore: LogStore;
  /** Ends it as a kill would, as far as containers can tell: they keep running. */
  close(): Promise<void>;
}

export async function startTestAgent(parts: { engine: Engine; home: string; controlPlaneUrl: string; ingress: TestIngress; networkPool?: string; follow?: boolean }): Promise<TestAgent> {
  const { engine } = parts;
  const log = pino({ level: 'silent' });
  const config = { home: parts.home, nodeToken: 'a-node-token-for-tests', networkPool: parts.networkPool ?? '10.214.0.0/20', controlPlaneUrl: parts.controlPlaneUrl };
  const client = new ControlPlaneClient(config as never);
  const logStore = new LogStore(config);
  const lines = new DeploymentLines(client, log);
  const logs = new InstanceLogs(logStore, lines, log);
  const reporter = new ObservedReporter(client, log);
  const standstill = new Standstill(log);
  const traffic = new Traffic(parts.ingress as unknown as Ingress, standstill, log);
  const networks = new EnvironmentNetworks(engine, config, log);
  const memories = new MemoryStore(config, log);
  const reconciler = new Reconciler(engine, networks, new Images(engine, config), memories, logs, new DesiredStore(config, log), reporter, traffic, standstill, log);
  const follower = new DesiredFollower(client, reconciler, standstill, log);
  await reconciler.start();
  if (parts.follow ?? true) follower.start();
  const close = async () => {
    standstill.onModuleDestroy();
    await Promise.all([follower.onModuleDestroy(), client.onModuleDestroy(), reporter.onModuleDestroy(), reconciler.onModuleDestroy(), traffic.onModuleDestroy(), lines.onModuleDestroy()]);
    await logs.onModuleDestroy();
    await logStore.onModuleDestroy();
  };
  return { reconciler, follower, logStore, close };
}

export function testInstance(app: string, changes: Partial<DesiredInstance> = {}): DesiredInstance {
  return {
    id: randomUUID(),
    app,
    environment: 'production',
    environmentId: randomUUID(),
    deploymentId: randomUUID(),
    release: 1,
    version: '1.0',
    commit: null,
    processType: 'web',
    index: 1,
    desired: 'running',
    runsOnce: false,
    image: { reference: 'localhost:1/none@sha256:0', digest: `sha256:${'0'.repeat(64)}`, imageId: null },
    command: 'httpd -f -p $PORT -h /www',
    env: {},
    port: 8080,
    resources: { memoryBytes: 64 * 1024 ** 2, cpus: 0.5, pids: 40 },
    health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 0.05, timeoutSeconds: 2, startSeconds: 20 },
    drainSeconds: 20,
    stopSeconds: 5,
    ...changes,
  };
}

export function testHome(): { home: string; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'molo-agent-'));
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** A tiny image of a static busybox (Debian: busybox-static); returns the engine's id of it. */
export async function importTestImage(docker: Docker, tag: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'molo-image-'));
  for (const name of ['bin', 'www', 'tmp', 'etc', 'proc']) mkdirSync(join(folder, name));
  copyFileSync(busybox(), join(folder, 'bin/busybox'));
  for (const name of ['sh', 'httpd', 'sleep', 'cat', 'echo', 'dd', 'nc', 'true', 'false', 'ls', 'seq', 'grep', 'kill', 'env', 'touch']) symlinkSync('busybox', join(folder, 'bin', name));
  writeFileSync(join(folder, 'www/index.html'), 'hello\n');
  writeFileSync(join(folder, 'www/app'), "trap 'echo finishing; sleep 1; echo bye; exit 0' TERM\necho up\nwhile :; do sleep 0.1; done\n");
  const tar = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Its types know only the form with a callback where options are given.
  const progress: unknown = await docker.importImage(tar.stdout, { repo: tag, changes: 'ENV PATH=/bin' });
  await finished(docker, progress as NodeJS.ReadableStream);
  rmSync(folder, { recursive: true, force: true });
  return (await docker.getImage(tag).inspect()).Id;
}

/** Builds an image from a Dockerfile alone. */
export async function buildTestImage(docker: Docker, tag: string, dockerfile: string): Promise<string> {
  const context = pack();
  context.entry({ name: 'Dockerfile' }, dockerfile);
  context.finalize();
  await finished(docker, await docker.buildImage(context as unknown as NodeJS.ReadableStream, { t: tag }));
  return (await docker.getImage(tag).inspect()).Id;
}

async function finished(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())));
}

/** The one that is installed, or that of the Debian package, unpacked. */
function busybox(): string {
  if (existsSync('/usr/bin/busybox')) return '/usr/bin/busybox';
  const folder = join(tmpdir(), 'molo-test-busybox');
  const done = spawnSync('sh', ['-ec', `mkdir -p ${folder} && cd ${folder} && apt-get download busybox-static && dpkg-deb -x busybox-static_*.deb .`], { encoding: 'utf8' });
  const found = ['usr/bin/busybox', 'bin/busybox'].map((file) => join(folder, file)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`busybox-static cannot be had: ${done.stderr}`);
  return found;
}
