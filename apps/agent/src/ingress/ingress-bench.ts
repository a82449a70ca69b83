import { createInterface } from 'node:readline';
import { HaproxyFixture, silentLog } from './fixtures/haproxy.js';
import { addresses, route } from './fixtures/routes.js';
import { Ingress } from './ingress.js';

/*
 * The ingress alone with many routes that all lead to one upstream, for `npm run bench`:
 *   node ingress-bench.js ROUTES HOST:PORT
 * Says {"port": …} when it serves app0.localhost and so on; then takes lines: `switch N` answers with the milliseconds
 * of N switches, one route's at a time; the end of input ends it.
 */
const routeCount = Number(process.argv[2]);
const upstream = process.argv[3] ?? '';
const [host = '', port = '0'] = upstream.split(':');

const haproxy = await HaproxyFixture.start({ pool: Math.max(1000, Math.ceil(routeCount * 1.25)) });
const ingress = new Ingress(haproxy.settings, silentLog);
await ingress.onModuleInit();

const instanceId = (app: number, release: number) => `00000000-0000-4000-8000-${String(app).padStart(6, '0')}${String(release).padStart(6, '0')}`;
const environmentId = (app: number) => `00000000-0000-4000-9000-${String(app).padStart(12, '0')}`;
const releases = Array.from({ length: routeCount }, () => 1);

function routes() {
  return releases.map((release, app) => route([{ id: instanceId(app, release), port: 0 }], { environmentId: environmentId(app), hosts: [`app${app}.localhost`], app: `app${app}`, release }));
}

function instanceAddresses(draining: readonly string[] = []) {
  const entry = (id: string) => ({ id, port: Number(port) });
  const known = addresses(releases.map((release, app) => entry(instanceId(app, release))), draining.map(entry));
  return new Map([...known].map(([id, address]) => [id, { ...address, host }]));
}

/** @returns milliseconds from the wish to the moment at which HAProxy was seen to serve it */
async function switchOne(app: number): Promise<number> {
  const old = instanceId(app, releases[app] ?? 1);
  releases[app] = (releases[app] ?? 1) + 1;
  const [wanted, known] = [routes(), instanceAddresses([old])];
  const startedAt = performance.now();
  const observed = await ingress.apply(wanted, known);
  const tookMs = performance.now() - startedAt;
  if (observed[app]?.serving[0] !== instanceId(app, releases[app])) throw new Error(`app${app} was not switched`);
  await ingress.apply(routes(), instanceAddresses());
  return tookMs;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const observed = await ingress.apply(routes(), instanceAddresses());
const failed = observed.find(({ failure }) => failure);
if (failed) throw new Error(failed.failure?.detail);
const identity = await haproxy.identity();
say({ port: haproxy.port });

for await (const line of createInterface({ input: process.stdin })) {
  const [, count = '0'] = /^switch (\d+)$/.exec(line) ?? [];
  const tookMs: number[] = [];
  for (let index = 0; index < Number(count); index += 1) tookMs.push(await switchOne((index * 37) % routeCount));
  say({ tookMs, isSameRun: (await haproxy.identity()) === identity });
}
await ingress.onModuleDestroy();
await haproxy.stop();
