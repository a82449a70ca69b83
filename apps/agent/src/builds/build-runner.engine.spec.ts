import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BuiltImage } from '@molo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrialBuilder, type Outcome } from './trial-builder.js';
import { runImage } from './trial-instance.js';

let builder: TrialBuilder;

beforeAll(async () => {
  builder = await TrialBuilder.start();
});
afterAll(async () => {
  await builder.stop();
});

function imageOf({ image, reports, log }: Outcome): BuiltImage {
  if (!image) throw new Error(`the build did not succeed: ${JSON.stringify(reports.at(-1))}\n${log}`);
  return image;
}

function failureOf({ reports }: Outcome): { code: string; detail: string } {
  const last = reports.at(-1);
  if (last?.state !== 'failed') throw new Error(`the build did not fail: ${JSON.stringify(last)}`);
  return last.failure;
}

const fiveLayers = ['os-base', 'os-custom', 'binary', 'library', 'source'];
const kindsOf = (image: BuiltImage) => image.layers.map(({ kind }) => kind);
const fromStack = (lines: string) => `FROM molo/stack:debian-12\n${lines}\n`;
/** A step that the engine has in its cache writes nothing, and an engine outlives the run of its tests. */
const unheardOf = (command: string) => `RUN : ${randomUUID()} && ${command}`;

describe('delivering a new version', () => {
  it('moves the Source layer alone, to the byte', async () => {
    const first = imageOf(await builder.build('myapp/1.0', { app: 'bytes' }));
    const before = await builder.registry.storedBytes();
    const second = imageOf(await builder.build('myapp/1.1', { app: 'bytes' }));
    const after = await builder.registry.storedBytes();
    expect(kindsOf(second)).toEqual(fiveLayers);
    expect(second.layers.filter(({ moved }) => moved).map(({ kind }) => kind)).toEqual(['source']);
    expect(second.layers.slice(0, 4).map(({ digest }) => digest)).toEqual(first.layers.slice(0, 4).map(({ digest }) => digest));
    const source = second.layers.at(-1)?.bytes ?? 0;
    // Beside the layer: the source archive, the image's manifest and config.
    expect(after - before).toBeGreaterThan(source);
    expect(after - before).toBeLessThan(source + 64 * 1024);
  });

  it('is stored under every tag and under the digest that is reported', async () => {
    const image = imageOf(await builder.build('myapp/1.2', { app: 'tags', order: { tags: ['1.2', 'latest', 'v3'] } }));
    for (const reference of ['1.2', 'latest', 'v3', image.digest]) {
      const answer = await fetch(`http://${builder.registry.host}/v2/tags/manifests/${reference}`, { headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' } });
      expect(answer.headers.get('docker-content-digest')).toBe(image.digest);
    }
    expect(image.bytes).toBeGreaterThan(image.layers.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(image.manifest.version).toBe('1.2');
  });

  it('shares the Binary layer between apps, whatever lies below it', async () => {
    const plain = imageOf(await builder.build('myapp/1.0', { app: 'plain' }));
    const withPackages = imageOf(await builder.build('myapp/1.0', { app: 'packaged', edit: { 'molo.yml': 'build:\n  packages: [zip]\n' } }));
    expect(kindsOf(withPackages)).toEqual(fiveLayers);
    const [ofPlain, ofPackaged] = [plain, withPackages].map(({ layers }) => layers.find(({ kind }) => kind === 'binary')?.digest);
    expect(ofPackaged).toBe(ofPlain);
  });
});

describe('an image', () => {
  it('of MyApp serves as an unprivileged user and ends gracefully', async () => {
    const image = imageOf(await builder.build('myapp/1.2', { app: 'runs' }));
    const running = await runImage(builder.docker, image.imageId);
    expect(running.user).toBe('1000:1000');
    expect(await (await fetch(`${running.url}/health`)).json()).toEqual({ ok: true, version: '1.2' });
    expect((await running.stop()).exitCode).toBe(0);
  });

  it.each([
    ['python-app', /Hello Molo, from a wheel/],
    ['pnpm-app', /an hour has 3600000 ms/],
    ['yarn-app', /an hour has 3600000 ms/],
  ])('of the fixture %s serves', async (fixture, text) => {
    const image = imageOf(await builder.build(fixture));
    const running = await runImage(builder.docker, image.imageId);
    expect(await (await fetch(running.url)).text()).toMatch(text);
    await running.stop();
  });

  it('of a static site knows folders, types, validators and its own page for what is missing', async () => {
    const image = imageOf(await builder.build('static-site'));
    const running = await runImage(builder.docker, image.imageId);
    const ask = (path: string, headers: Record<string, string> = {}) => fetch(`${running.url}${path}`, { headers });
    const page = await ask('/about/');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('<h1>About</h1>');
    expect((await ask('/', { 'if-none-match': (await ask('/')).headers.get('etag') ?? '' })).status).toBe(304);
    const missing = await ask('/nothing');
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('Nothing at this address')]);
    for (const hidden of ['/.molo/nginx.conf', '/%2e%2e/%2e%2e/etc/passwd', '/.molo/serve']) expect((await ask(hidden)).status).toBeGreaterThanOrEqual(400);
    expect((await running.stop()).exitCode).toBe(0);
  });

  it('of a site of one page, which a build wrote, gives that page for any address, and no page for a file that is missing', async () => {
    const files = { 'package.json': JSON.stringify({ scripts: { build: 'mkdir -p dist/assets && cp page dist/index.html && cp page dist/assets/app.js' } }), page: '<h1>One page</h1>', 'molo.yml': 'build:\n  static: dist\n' };
    const image = imageOf(await builder.buildTree(files, { app: 'single-page' }));
    const running = await runImage(builder.docker, image.imageId);
    const ask = async (path: string) => [(await fetch(`${running.url}${path}`)).status, await (await fetch(`${running.url}${path}`)).text()];
    for (const path of ['/', '/users/5', '/assets/app.js']) expect(await ask(path)).toEqual([200, '<h1>One page</h1>']);
    for (const path of ['/assets/old.js', '/.molo/serve']) expect((await ask(path))[0]).toBe(404);
    await running.stop();
  });

  it("of a Dockerfile is built as the file stands, without what .dockerignore names", async () => {
    const image = imageOf(await builder.build('dockerfile-app'));
    expect(image.manifest).toMatchObject({ builder: 'dockerfile', port: 8000, health: { check: { kind: 'image' } } });
    expect(kindsOf(image)).toEqual(['os-base', 'os-custom', 'os-custom', 'source']);
    const running = await runImage(builder.docker, image.imageId, 8000);
    expect(await (await fetch(running.url)).text()).toContain('Hello from a Dockerfile');
    await running.stop();
  });
});

const packageJson = (scripts: object) => JSON.stringify({ name: 'built', version: '1.0.0', engines: { node: '24' }, scripts: { start: 'node out.js', ...scripts } });

describe('scripts of an app', () => {
  it('build its source, and only their result is in the image', async () => {
    const files = { 'package.json': packageJson({ build: 'node make.js' }), 'make.js': 'require("fs").writeFileSync("out.js", `require("http").createServer((q, r) => r.end("made")).listen(process.env.PORT)`)' };
    const image = imageOf(await builder.buildTree(files, { app: 'built' }));
    expect(kindsOf(image)).toEqual(fiveLayers);
    const running = await runImage(builder.docker, image.imageId);
    expect(await (await fetch(running.url)).text()).toBe('made');
    await running.stop();
  });

  it('read secrets that the app asked for; no layer, no log and no label holds one, nor the CA bundle', async () => {
    const files = {
      'package.json': packageJson({ build: 'node make.js' }),
      'make.js': 'const token = require("fs").readFileSync("/run/secrets/API_TOKEN", "utf8"); console.log("token", token, process.env.API_TOKEN === token); require("fs").writeFileSync("out.js", "")',
      // A step that the engine has in its cache writes no log.
      'never-built-before': randomUUID(),
      'molo.yml': 'build:\n  secrets: [API_TOKEN]\n',
    };
    const secret = 'sesame-open-4711';
    const outcome = await builder.buildTree(files, { app: 'secretive', order: { config: { API_TOKEN: secret, OTHER: 'not asked for' } } });
    const image = imageOf(outcome);
    expect(outcome.log).toContain('token [hidden] true');
    const bundle = (await readFile('/etc/ssl/certs/ca-certificates.crt', 'utf8')).slice(-400, -100);
    const saved = await builder.contentOf(image, ['os-base', 'binary']);
    expect(saved.length).toBeGreaterThan(1000);
    expect(saved.includes(secret)).toBe(false);
    expect(saved.includes(bundle)).toBe(false);
  });

  it('are not run when a secret is not in the config', async () => {
    const failure = failureOf(await builder.buildTree({ 'package.json': packageJson({}), 'molo.yml': 'build:\n  secrets: [API_TOKEN]\n' }, { app: 'lacking' }));
    expect(failure).toMatchObject({ code: 'manifest_invalid', detail: expect.stringContaining('molo config set API_TOKEN=') as string });
  });
});

describe('a build that fails', () => {
  it('names the step, its exit code and its last lines', async () => {
    const failure = failureOf(await builder.build('bad/dockerfile-third-step'));
    expect(failure.code).toBe('build_step_failed');
    expect(failure.detail).toMatch(/^Step 4 of 4, "RUN echo "compiling".*", ended with exit code 7\. Its last lines:\ncompiling\nmain\.c:3: error: expected ';'$/);
  });

  it.each([
    ['bad/molo-yml-unknown-key', 'manifest_invalid', 'molo.yml:3:1: unknown key "resource"; did you mean "resources"?'],
    ['bad/molo-yml-wrong-type', 'manifest_invalid', 'molo.yml:3:1: "port" must be a number'],
    ['bad/unknown-node-version', 'runtime_version_unknown', 'There is no Node 99.x'],
  ])('says of %s what is wrong with it', async (fixture, code, detail) => {
    expect(failureOf(await builder.build(fixture))).toMatchObject({ code, detail: expect.stringContaining(detail) as string });
  });

  it('says of a base image that cannot be had what to use instead', async () => {
    const failure = failureOf(await builder.buildTree({ Dockerfile: 'FROM registry.invalid/team/base:1\nRUN true\n' }, { app: 'baseless' }));
    expect(failure).toMatchObject({ code: 'base_image_unavailable', detail: expect.stringContaining('molo/stack:debian-12') as string });
  });

  it('says of an image that names no program what to add', async () => {
    const failure = failureOf(await builder.buildTree({ Dockerfile: 'FROM scratch\nCOPY page /page\n', page: 'x' }, { app: 'speechless' }));
    expect(failure).toMatchObject({ code: 'no_web_process', detail: expect.stringContaining('neither Dockerfile nor its base image has a CMD or ENTRYPOINT') as string });
    imageOf(await builder.buildTree({ Dockerfile: 'FROM scratch\nCOPY page /page\n', page: 'x', Procfile: 'web: /page' }, { app: 'speechless' }));
  });

  it("says of an image that is not in the platform's registry how to bring it there", async () => {
    const failure = failureOf(await builder.buildTree({ Dockerfile: `FROM ${builder.registry.host}/lonely:none\nCMD ["x"]\n` }, { app: 'lonely' }));
    expect(failure).toMatchObject({ code: 'base_image_unavailable', detail: expect.stringContaining(`docker push ${builder.registry.host}/lonely:none`) as string });
  });

  it('for memory is told from others, and its limits are in the cgroup of builds', async () => {
    const limits = { memoryBytes: 96 * 1024 ** 2, cpus: 1.5, timeoutSeconds: 120, diskBytes: 8 * 1024 ** 3 };
    const failure = failureOf(await builder.buildTree({ Dockerfile: fromStack('RUN tail /dev/zero') }, { app: 'hungry', order: { limits } }));
    expect(failure.code).toBe('build_out_of_memory');
    expect(await limitsOfBuilds()).toEqual({ memoryBytes: limits.memoryBytes, cpus: limits.cpus });
  });

  it('for time is told from others', async () => {
    const limits = { memoryBytes: 1024 ** 3, cpus: 2, timeoutSeconds: 2, diskBytes: 8 * 1024 ** 3 };
    const failure = failureOf(await builder.buildTree({ Dockerfile: fromStack('RUN echo asleep && sleep 300') }, { app: 'sleepy', order: { limits } }));
    expect(failure.code).toBe('build_timed_out');
  });

  it('for what it wrote is told from others, and what it wrote goes', async () => {
    const limits = { memoryBytes: 1024 ** 3, cpus: 2, timeoutSeconds: 120, diskBytes: 64 * 1024 ** 2 };
    const steps = `${unheardOf('head -c 40000000 /dev/urandom > /one')}\n${unheardOf('head -c 40000000 /dev/urandom > /two && sleep 300')}`;
    const failure = failureOf(await builder.buildTree({ Dockerfile: fromStack(steps) }, { app: 'greedy', order: { limits } }));
    expect(failure).toMatchObject({ code: 'build_disk_exceeded', detail: expect.stringContaining('64 MB') as string });
  });

  it('for what it wrote is not had by one that writes less, nor by what others wrote before', async () => {
    const limits = { memoryBytes: 1024 ** 3, cpus: 2, timeoutSeconds: 120, diskBytes: 64 * 1024 ** 2 };
    imageOf(await builder.buildTree({ Dockerfile: fromStack(unheardOf('head -c 40000000 /dev/urandom > /one')) }, { app: 'modest', order: { limits } }));
  });
});

describe('a Dockerfile with a syntax line', () => {
  it('is built by the engine itself where what the line names cannot be fetched', async () => {
    const outcome = await builder.buildTree({ Dockerfile: `# syntax=registry.invalid/docker/dockerfile:1\n${fromStack('RUN echo built')}` }, { app: 'syntax' });
    expect(kindsOf(imageOf(outcome))).toEqual(['os-base', 'os-custom']);
    expect(outcome.log).toContain('building without that line');
  });
});

describe('builds of two apps', () => {
  it.each([
    ['as it is', (image: string) => `FROM ${image}\n`],
    ['by its digest', (image: string) => `FROM ${image.replace(/:base$/, '@DIGEST')}\n`],
    ['as a source of files', (image: string) => `FROM scratch\nCOPY --from=${image} / /\n`],
    ['put together from variables', (image: string) => `ARG HOST="${image.slice(0, 3)}""${image.slice(3, 6)}"\nFROM \${HOST}${image.slice(6)}\n`],
    ['as the frontend', (image: string) => `# syntax=${image}\nFROM scratch\nCOPY Dockerfile /\n`],
  ])('stand on no image of each other, though the engine has it: named %s', async (_, dockerfile) => {
    const image = `${builder.registry.host}/owner:base`;
    const { digest, imageId } = imageOf(await builder.build('dockerfile-app', { app: 'owner' }));
    await builder.docker.getImage(imageId).tag({ repo: `${builder.registry.host}/owner`, tag: 'base' });
    const failure = failureOf(await builder.buildTree({ Dockerfile: `${dockerfile(image).replace('DIGEST', digest)}CMD ["x"]\n` }, { app: 'stranger' }));
    expect(failure).toMatchObject({ code: 'source_invalid', detail: expect.stringContaining('an image of another app') as string });
    imageOf(await builder.buildTree({ Dockerfile: `FROM ${image}\n` }, { app: 'owner' }));
  });

  it('share the layer of the same dependencies, though neither reads what the other installed from', async () => {
    const [one, other] = [imageOf(await builder.build('myapp/1.0', { app: 'one' })), imageOf(await builder.build('myapp/1.0', { app: 'other' }))];
    expect(other.layers.map(({ digest }) => digest)).toEqual(one.layers.map(({ digest }) => digest));
  });
});

describe('a build command of several lines', () => {
  it('ends with the first line that fails', async () => {
    const failure = failureOf(await builder.buildTree({ 'package.json': packageJson({}), 'out.js': '', 'molo.yml': 'build:\n  command: |\n    echo "first \\"line\\""\n    false\n    echo never\n' }, { app: 'lines' }));
    expect(failure).toMatchObject({ code: 'build_step_failed', detail: expect.stringMatching(/exit code 1\. Its last lines:\nfirst "line"$/) as string });
  });
});

describe('a build that is stopped', () => {
  const endless = { Dockerfile: fromStack('RUN echo begun && sleep 300') };

  it('is reported as cancelled when it is cancelled, and ends in the engine', async () => {
    const begun = performance.now();
    const outcome = await builder.buildTree(endless, { app: 'cancelled', onLog: (id, log) => log.includes('       begun') && builder.runner.cancel(id) });
    expect(outcome.reports.map(({ state }) => state)).toEqual(['building', 'cancelled']);
    expect(performance.now() - begun).toBeLessThan(60_000);
  });

  it('is reported as nothing when the agent ends: it will be taken up again', async () => {
    const agent = new AbortController();
    const reason = new Error('the agent ends');
    const build = builder.buildTree(endless, { app: 'interrupted', signal: agent.signal, onLog: (_id, log) => log.includes('       begun') && agent.abort(reason) });
    await expect(build).rejects.toBe(reason);
  });

  it('is not begun again once it has ended', async () => {
    const outcome = await builder.build('myapp/1.0', { app: 'done', order: { state: 'succeeded' } });
    expect(outcome.reports).toEqual([]);
  });
});

const read = (path: string) => readFile(`/sys/fs/cgroup/${path}`, 'utf8').catch(() => undefined);

async function limitsOfBuilds(): Promise<{ memoryBytes: number; cpus: number }> {
  const unified = await read('docker/buildkit/memory.max');
  if (unified !== undefined) {
    const [quota = '', period = ''] = ((await read('docker/buildkit/cpu.max')) ?? '').split(' ');
    return { memoryBytes: Number(unified), cpus: Number(quota) / Number(period) };
  }
  const memory = Number(await read('memory/docker/buildkit/memory.limit_in_bytes'));
  const cpu = 'cpu/docker/buildkit/cpu.cfs';
  return { memoryBytes: memory, cpus: Number(await read(`${cpu}_quota_us`)) / Number(await read(`${cpu}_period_us`)) };
}
