import { AppError, type AppManifest } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import type { AppPlan, PlanSettings } from './app-plan.js';
import { cacheIds } from './cache-ids.js';
import { planApp } from './plan-app.js';
import { withTree } from './trial-tree.js';

const settings: PlanSettings = {
  stack: 'debian-12',
  hasExtraCa: false,
  npmRegistry: undefined,
  caches: cacheIds('secret of the node', 'myapp'),
  versions: { node: async (range) => `24.1.0${range === undefined ? '' : `+${range}`}`, packageManager: async (_name, range) => `${range}.0.0` },
};

const plan = (files: Record<string, string>): Promise<AppPlan> => withTree(files, (tree) => planApp(tree, settings));
const manifest = async (files: Record<string, string>): Promise<AppManifest> => (await plan(files)).manifest;
const problem = (files: Record<string, string>): Promise<AppError> =>
  plan(files).then(
    () => Promise.reject(new Error('no error')),
    (error: unknown) => (error instanceof AppError ? error : Promise.reject(error as Error)),
  );
const dockerfileOf = ({ image }: AppPlan): string => String(image.context.additions.get('Dockerfile'));

const lockOf = (version: string): string => JSON.stringify({ name: 'a', version, lockfileVersion: 3, packages: { '': { name: 'a', version }, 'node_modules/ws': { version: '8.0.0' } } });
const node = (more: object = {}): string => JSON.stringify({ name: 'a', version: '1.2.3', scripts: { start: 'node server.js' }, ...more });

describe('what an app is', () => {
  it('prefers a Dockerfile to all else', async () => {
    const found = await plan({ Dockerfile: 'FROM molo/stack:debian-13\nEXPOSE 5000\n', 'package.json': node() });
    expect(found.manifest).toMatchObject({ builder: 'dockerfile', port: 5000, version: '1.2.3', processes: { web: { command: null } } });
    expect(found.image).toMatchObject({ dockerfile: 'Dockerfile', stacks: ['debian-13'], base: 'molo/stack:debian-13' });
  });

  it('prefers Node to Python, and either to pages', async () => {
    expect((await manifest({ 'package.json': node(), 'requirements.txt': '', 'index.html': '' })).builder).toBe('node');
    expect((await manifest({ 'requirements.txt': '', 'app.py': '', 'index.html': '' })).builder).toBe('python');
    expect((await manifest({ 'index.html': '' })).builder).toBe('static');
  });

  it('says what it looked for and what is there when it finds nothing', async () => {
    const { code, detail } = await problem({ 'main.c': '', 'README.md': '' });
    expect(code).toBe('app_not_detected');
    expect(detail).toContain('package.json (Node)');
    expect(detail).toContain('main.c');
    expect((await problem({ 'web/package.json': '{}' })).detail).toContain('There is web/package.json: push what is in web');
    expect((await problem({})).detail).toContain('The source tree is empty');
  });

  it.each([
    ['Gemfile', 'Ruby'],
    ['go.mod', 'Go'],
    ['composer.json', 'PHP'],
    ['pom.xml', 'Java'],
    ['Cargo.toml', 'Rust'],
  ])('asks for a Dockerfile where %s shows %s', async (file, language) => {
    const { code, detail } = await problem({ [file]: '', Procfile: 'web: x\n', 'tool.py': '' });
    expect(code).toBe('app_not_detected');
    expect(detail).toContain(`${file} shows an app in ${language}, which takes a Dockerfile`);
    expect(detail).toContain('FROM molo/stack:debian-12');
  });

  it('takes the version from molo.yml before the package file', async () => {
    expect((await manifest({ 'package.json': node(), 'molo.yml': 'version: 2.0' })).version).toBe('2.0');
    expect((await manifest({ 'package.json': node() })).version).toBe('1.2.3');
    expect((await manifest({ 'pyproject.toml': '[project]\nname = "a"\nversion = "0.9"\n', 'app.py': '' })).version).toBe('0.9');
  });

  it('refuses a package.json or pyproject.toml that cannot be read', async () => {
    expect((await problem({ 'package.json': '{' })).code).toBe('manifest_invalid');
    expect((await problem({ 'package.json': '[]' })).code).toBe('manifest_invalid');
    expect((await problem({ 'pyproject.toml': '[' })).code).toBe('manifest_invalid');
  });
});

describe('processes', () => {
  it('come from the Procfile, molo.yml winning', async () => {
    const found = await manifest({ 'package.json': node(), Procfile: 'web: node a.js\nworker: node w.js\n', 'molo.yml': 'processes:\n  web: node b.js\n' });
    expect(Object.entries(found.processes).map(([type, { command }]) => `${type}: ${command}`)).toEqual(['web: node b.js', 'worker: node w.js']);
  });

  it('have the start script as web where nothing else keeps running', async () => {
    expect((await manifest({ 'package.json': node(), Procfile: 'release: node migrate.js\n' })).processes['web']?.command).toBe('node server.js');
    expect((await manifest({ 'package.json': node(), Procfile: 'worker: node w.js\n' })).processes['web']).toBeUndefined();
    expect((await manifest({ 'package.json': node({ scripts: { prestart: 'x', start: 'node .' } }) })).processes['web']?.command).toBe('npm start');
    expect((await manifest({ 'package.json': node({ scripts: {}, main: './lib' }), 'lib.js': '' })).processes['web']?.command).toBe('node lib.js');
  });

  it('are asked for where there are none', async () => {
    expect((await problem({ 'package.json': node({ scripts: {} }) })).code).toBe('no_web_process');
    expect((await problem({ 'requirements.txt': 'flask' })).code).toBe('no_web_process');
  });

  it('may not be given resources when they do not exist', async () => {
    expect((await problem({ 'package.json': node(), 'molo.yml': 'resources:\n  wep:\n    cpu: 1\n' })).detail).toContain('it has: web');
  });
});

describe('health checks', () => {
  it.each([
    ['an HTTP path', { 'molo.yml': 'health:\n  path: /up\nport: 3000' }, { kind: 'http', path: '/up', port: 3000 }],
    ['the port by default', {}, { kind: 'tcp', port: 8080 }],
    ['nothing but running without web', { Procfile: 'worker: node w.js' }, { kind: 'running' }],
    ["the image's own check", { Dockerfile: 'FROM a\nHEALTHCHECK CMD true\n' }, { kind: 'image' }],
    ['a path before the image\'s own check', { Dockerfile: 'FROM a\nHEALTHCHECK CMD true\n', 'molo.yml': 'health: { path: / }' }, { kind: 'http', path: '/', port: 8080 }],
  ])('ask for %s', async (_title, files, check) => {
    expect((await manifest({ 'package.json': node(), ...(files as Record<string, string>) })).health.check).toEqual(check);
  });
});

describe('a Node app', () => {
  it.each([
    [{ 'package.json': node({ engines: { node: '>=22' } }), '.nvmrc': '18' }, '24.1.0+>=22'],
    [{ 'package.json': node(), '.nvmrc': 'v20.1.0\n' }, '24.1.0+v20.1.0'],
    [{ 'package.json': node(), '.nvmrc': 'lts/*' }, '24.1.0'],
    [{ 'package.json': node(), '.nvmrc': 'lts/jod' }, '24.1.0+22'],
    [{ 'package.json': node(), '.node-version': '22.3\n' }, '24.1.0+22.3'],
    [{ 'package.json': node() }, '24.1.0'],
  ])('gets the Node that its files ask for', async (files, version) => {
    expect((await plan(files as Record<string, string>)).image.toolchains[0]).toEqual({ name: 'node', version });
  });

  it('is told of a Node that is too old to install anything', async () => {
    const old = { ...settings, versions: { ...settings.versions, node: async () => '4.2.5' } };
    await expect(withTree({ 'package.json': node({ engines: { node: '4.2.x' } }) }, (tree) => planApp(tree, old))).rejects.toMatchObject({ code: 'runtime_version_unknown', detail: expect.stringContaining('engines.node in package.json asks for Node 4.2.x') });
  });

  it('starts with what is in the image, where start is for development', async () => {
    const scripts = { start: 'nest start', 'start:prod': 'node dist/main' };
    const web = async (more: object) => (await manifest({ 'package.json': node({ scripts, ...more }) })).processes['web']?.command;
    expect(await web({ devDependencies: { '@nestjs/cli': '11' } })).toBe('node dist/main');
    expect(await web({ dependencies: { '@nestjs/cli': '11' } })).toBe('nest start');
  });

  it('is told when that is no version at all', async () => {
    expect((await problem({ 'package.json': node({ engines: { node: 'new' } }) })).code).toBe('runtime_version_unknown');
  });

  it.each([
    ['package-lock.json', '{}', 'npm ci --omit=dev', undefined],
    ['yarn.lock', '# yarn lockfile v1\n', 'yarn install --non-interactive --frozen-lockfile --production', '1'],
    ['yarn.lock', '__metadata:\n  version: 8\n', 'yarn workspaces focus --all --production', '4'],
    ['pnpm-lock.yaml', "lockfileVersion: '9.0'\n", 'pnpm install --frozen-lockfile --prod', '10'],
    ['pnpm-lock.yaml', "lockfileVersion: '6.0'\n", 'pnpm install --frozen-lockfile --prod', '8'],
  ])('installs what %s (%j) holds with the package manager that wrote it', async (file, text, command, major) => {
    const found = await plan({ 'package.json': node({ dependencies: { ws: '8' } }), [file]: text });
    expect(dockerfileOf(found)).toContain(command);
    expect(found.image.toolchains[1]?.version).toBe(major === undefined ? undefined : `${major}.0.0`);
  });

  it('keeps its Library layer when only its own version, scripts or source change', async () => {
    const library = async (version: string, scripts: object) => {
      const { image } = await plan({ 'package.json': node({ version, scripts, dependencies: { ws: '8' } }), 'package-lock.json': lockOf(version), 'server.js': version });
      return [...image.context.additions].filter(([path]) => path !== 'source').map(([path, content]) => `${path} ${content}`);
    };
    expect(await library('1.0.0', { start: 'node server.js', test: 'a' })).toEqual(await library('1.1.0', { start: 'node server.js', test: 'b' }));
  });

  it('sees every package.json of its workspaces when it installs', async () => {
    const found = await plan({ 'package.json': node({ workspaces: ['packages/*'] }), 'package-lock.json': '{}', 'packages/a/package.json': '{"name":"a"}', 'packages/a/index.js': '' });
    expect([...found.image.context.additions.keys()]).toEqual(['Dockerfile', 'library/package.json', 'library/packages/a/package.json', 'library/package-lock.json']);
  });

  it('sees the settings and tarballs that it installs with, as they are', async () => {
    const { image } = await plan({ 'package.json': node({ dependencies: { a: 'file:./vendor/a.tgz', b: 'file:vendor/none.tgz' } }), '.npmrc': 'registry=x', 'vendor/a.tgz': 'x' });
    expect([...(image.context.copies ?? [])]).toEqual([['.npmrc', 'library/.npmrc'], ['vendor/a.tgz', 'library/vendor/a.tgz']]);
  });

  it('installs what the workspaces of pnpm ask for, though the root asks for nothing', async () => {
    const found = await plan({ 'package.json': node(), 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n", 'pnpm-workspace.yaml': 'packages: [packages/*]\n', 'packages/a/package.json': '{"dependencies":{"ws":"8"}}' });
    expect(dockerfileOf(found)).toContain('pnpm install --frozen-lockfile --prod');
    expect([...found.image.context.additions.keys()]).toContain('library/packages/a/package.json');
  });

  it('gets a compiler for the build alone, where dependencies are compiled', async () => {
    const lock = JSON.stringify({ packages: { 'node_modules/x': { dependencies: { 'node-addon-api': '7' }, hasInstallScript: true } } });
    const text = dockerfileOf(await plan({ 'package.json': node({ dependencies: { x: '1' } }), 'package-lock.json': lock }));
    expect(text).toContain('FROM base AS tools');
    expect(text.split('FROM base\n').at(-1)).not.toContain('g++');
  });
});

describe('a Python app', () => {
  it.each([
    [{ '.python-version': '3.11.4' }, 'no error'],
    [{ '.python-version': '# The Python to use\n\ncpython-3.11 # or later\n' }, 'no error'],
    [{ 'runtime.txt': 'python-3.11.9' }, 'no error'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.9,<4"\n' }, 'no error'],
    [{ '.python-version': '3.13' }, 'no error'],
    [{ '.python-version': '3.13', 'molo.yml': 'stack: debian-12' }, 'runtime_version_unknown'],
    [{ '.python-version': '3.12' }, 'runtime_version_unknown'],
    [{ 'runtime.txt': 'python-2.7.18' }, 'runtime_version_unknown'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.14"\n' }, 'runtime_version_unknown'],
  ])('is built only with a Python that it asks for: %j', async (files, expected) => {
    const outcome = await plan({ 'requirements.txt': '', 'app.py': '', ...(files as Record<string, string>) }).then(
      () => 'no error',
      (error: unknown) => (error as AppError).code,
    );
    expect(outcome).toBe(expected);
  });

  it('is built on a stack that has the version that it asks for, or learns which has', async () => {
    const files = { 'requirements.txt': '', 'app.py': '', '.python-version': '3.13' };
    expect((await problem({ ...files, 'molo.yml': 'stack: debian-12' })).detail).toContain('Python 3.13 (stack: debian-13)');
    expect((await plan(files)).image.stacks).toEqual(['debian-13']);
    expect((await plan({ ...files, '.python-version': '3' })).image.stacks).toEqual(['debian-12']);
  });
});

describe('caches of builds', () => {
  const withCachesOf = async (app: string, secret: string, files: Record<string, string>) => {
    const ids = dockerfileOf(await withTree(files, (tree) => planApp(tree, { ...settings, caches: cacheIds(secret, app) }))).match(/(?<=type=cache,id=)[^,]+/g) ?? [];
    return { ofPackages: ids.filter((id) => !id.includes('debian')), ofDebian: ids.filter((id) => id.includes('debian')) };
  };

  it.each([
    ['npm', { 'package.json': node({ dependencies: { ws: '8' }, scripts: { build: 'make' }, main: 'server.js' }), 'package-lock.json': '{}', 'server.js': '' }],
    ['pnpm', { 'package.json': node({ dependencies: { ws: '8' } }), 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n" }],
    ['yarn', { 'package.json': node({ dependencies: { ws: '8' } }), 'yarn.lock': '' }],
    ['pip', { 'requirements.txt': 'flask', 'app.py': '' }],
  ])("of %s are one app's own, and no other app can guess their ids", async (_title, files) => {
    const some = { ...files, 'molo.yml': 'build:\n  packages: [zip]\n' } as Record<string, string>;
    const [one, other, elsewhere] = await Promise.all([withCachesOf('a', 'secret', some), withCachesOf('b', 'secret', some), withCachesOf('a', 'another secret', some)]);
    expect(new Set(one.ofPackages).size).toBe(1);
    expect(one.ofPackages).not.toEqual(other.ofPackages);
    expect(one.ofPackages).not.toEqual(elsewhere.ofPackages);
    expect(one.ofDebian.length).toBeGreaterThan(0);
    expect(one.ofDebian).toEqual(other.ofDebian);
    expect(one.ofDebian).not.toEqual(elsewhere.ofDebian);
  });
});

describe('a Python app without requirements.txt', () => {
  it('has no dependencies where it is programs alone', async () => {
    const found = await plan({ 'web.py': '', Procfile: 'web: python web.py\n' });
    expect(found.manifest).toMatchObject({ builder: 'python', processes: { web: { command: 'python web.py' } } });
    expect(found.notes).toContain('No dependencies: there is no requirements.txt');
    expect((await manifest({ 'index.html': '', 'tool.py': '' })).builder).toBe('static');
  });

  it.each([
    ['Pipfile', 'pipenv requirements > requirements.txt'],
    ['poetry.lock', 'poetry export'],
    ['setup.py', 'pip freeze'],
  ])('learns how to write one out of its %s', async (file, command) => {
    const { code, detail } = await problem({ [file]: '', 'app.py': '' });
    expect(code).toBe('source_invalid');
    expect(detail).toContain(command);
  });
});

describe('a static site', () => {
  it('may be a folder, and may not be outside', async () => {
    expect((await plan({ 'public/index.html': '', 'molo.yml': 'build:\n  static: public\n' })).image.context.additions.get('source/.molo/nginx.conf')).toContain('root "/app/public"');
    expect((await problem({ 'molo.yml': 'build:\n  static: ../other\n' })).code).toBe('manifest_invalid');
    expect((await problem({ 'molo.yml': 'build:\n  static: public\n' })).detail).toContain('no such folder');
    expect((await problem({ 'a$b/index.html': '', 'molo.yml': 'build:\n  static: a$b\n' })).detail).toContain('without quotes, dollar signs');
  });

  it('answers for other addresses with the page that molo.yml names, which has to be there', async () => {
    const files = (fallback: string) => ({ 'public/index.html': '', 'public/app/main.html': '', 'molo.yml': `build:\n  static: public\n  fallback: ${fallback}\n` });
    expect((await plan(files('app/main.html'))).image.context.additions.get('source/.molo/serve')).toContain('missing=/app/main.html\n');
    expect((await problem(files('none.html'))).detail).toContain('no such page');
    expect((await problem(files('../secret'))).detail).toContain('must be the path of a page');
    expect((await problem({ 'package.json': node(), 'molo.yml': 'build:\n  fallback: index.html\n' })).detail).toContain('is for static sites');
    expect((await problem({ Dockerfile: 'FROM a', 'molo.yml': 'build:\n  fallback: index.html\n' })).detail).toContain('is for static sites');
  });
});

describe('a static site that Node builds', () => {
  it.each([
    [{ build: 'tsc -b && vite build' }, 'dist'],
    [{ start: 'react-scripts start', build: 'react-scripts build' }, 'build'],
    [{ start: 'eleventy --serve', build: 'eleventy' }, '_site'],
  ])('is found by the program that writes it: %j', async (scripts, folder) => {
    const found = await plan({ 'package.json': node({ scripts }), 'index.html': '' });
    expect(found.manifest.builder).toBe('static');
    expect(found.image.context.additions.get('source/.molo/nginx.conf')).toContain(`root "/app/${folder}"`);
    expect(dockerfileOf(found)).toContain(`test -d ${folder} `);
  });

  it.each([
    [{ scripts: { build: 'vite build', start: 'node server.js' } }],
    [{ scripts: { build: 'vite build', start: 'vite' }, dependencies: { express: '5' }, main: 'server.js' }],
  ])('is no site where a server goes with it: %j', async (more) => {
    expect((await manifest({ 'package.json': node(more), 'server.js': '' })).builder).toBe('node');
  });

  it('has no Node in its image', async () => {
    const found = await plan({ 'package.json': node({ scripts: { build: 'vite build' } }), 'molo.yml': 'build:\n  static: dist\n' });
    const [final = ''] = dockerfileOf(found).split('FROM base\n').slice(-1);
    expect(dockerfileOf(found).split('FROM ')[1]).not.toContain('toolchain');
    expect(final).not.toContain('toolchain');
    expect(found.image.toolchains).toHaveLength(1);
    expect(found.image.layerKinds).toEqual(['os-custom', 'binary', 'library', 'source']);
  });
});

describe('molo.yml and the kind of an app', () => {
  it('refuses what a Dockerfile leaves without meaning', async () => {
    expect((await problem({ Dockerfile: 'FROM a', 'molo.yml': 'build:\n  packages: [zip]\n' })).detail).toContain('build.packages has no meaning');
    expect((await problem({ 'molo.yml': 'build:\n  dockerfile: other\n' })).detail).toContain('no such file');
    expect((await problem({ Dockerfile: '# nothing\n' })).code).toBe('source_invalid');
  });

  it('runs a build command of several lines as the script that it is', async () => {
    const text = dockerfileOf(await plan({ 'package.json': node(), 'molo.yml': 'build:\n  command: |\n    npm run one\n    USER root\n' }));
    const run = text.split('\n').find((line) => line.includes('npm run one')) ?? '';
    expect(JSON.parse(run.slice(run.indexOf('[')))).toEqual(['/bin/sh', '-c', expect.stringMatching(/^cd \/app && .*set -e\nnpm run one\nUSER root$/)]);
    expect(text).not.toMatch(/^USER root/m);
    expect(dockerfileOf(await plan({ 'package.json': node(), 'molo.yml': 'build:\n  command: make \\\n' }))).not.toMatch(/\\$/m);
  });

  it('takes the version of a Dockerfile app out of its package.json where that can be read', async () => {
    const version = async (text: string) => (await manifest({ Dockerfile: 'FROM a', 'package.json': text })).version;
    expect(await version('{"config":{"version":"9"},"version":"1.2.3"}')).toBe('1.2.3');
    expect(await version('{')).toBeNull();
  });

  it('names the stacks there are', async () => {
    expect((await problem({ 'index.html': '', 'molo.yml': 'stack: debian-11' })).detail).toContain('did you mean "debian-1');
    expect((await problem({ 'index.html': '', 'molo.yml': 'stack: ubuntu' })).detail).toContain('debian-12 and debian-13');
  });

  it('keeps out of the build what .dockerignore names', async () => {
    const { image } = await plan({ Dockerfile: 'FROM a', '.dockerignore': '*.md\nsecret\n!README.md\n' });
    const allowing = (await plan({ Dockerfile: 'FROM a', '.dockerignore': '*\n!src\n' })).image.context;
    expect(['src', 'src/a.js', 'src/b/c.js', 'other/a.js'].map(allowing.leavesOut)).toEqual([false, false, false, true]);
    expect(['NOTES.md', 'README.md', 'secret/key', 'a.js', 'Dockerfile'].map(image.context.leavesOut)).toEqual([true, false, true, false, false]);
  });
});
