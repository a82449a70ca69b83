import { AppError, type ManifestFile } from '@molo/contracts';
import { isStackName, stackSuites } from '../stacks/stack-image.js';
import { completeManifest, readAppFiles, type AppFiles } from './app-manifest.js';
import { stackImage, type AppPlan, type LibraryFiles, type PlanSettings } from './app-plan.js';
import { planDockerfile } from './dockerfile-app.js';
import { generateDockerfile, libraryFolder, sourceFolder, type DockerfileParts } from './generated-dockerfile.js';
import { nearest } from './nearest-name.js';
import { notDetected, otherLanguage } from './not-detected.js';
import { parsePackageJson, planNodeApp } from './node-app.js';
import { siteFolder } from './node-start.js';
import { looksLikePython, planPythonApp, pythonFiles, stackForPython } from './python-app.js';
import type { SourceTree } from './source-tree.js';
import { planStaticSite } from './static-site.js';

/** Understands a source tree: what its files ask for, and how its image is made. */
export async function planApp(tree: SourceTree, settings: PlanSettings): Promise<AppPlan> {
  const files = await readAppFiles(tree);
  const { build } = files.file;
  if (build?.dockerfile !== undefined || tree.hasFile('Dockerfile')) return planDockerfile(tree, files, settings);
  const stack = stackOf(files.file, settings);
  if (build?.static !== undefined) return staticPlan(tree, files, stack, settings);
  if (tree.hasFile('package.json')) return nodePlan(tree, files, stack, settings);
  if (pythonFiles.some((file) => tree.hasFile(file))) return pythonPlan(tree, files, stack, settings);
  if (tree.hasFile('index.html')) return staticPlan(tree, files, stack, settings);
  if (otherLanguage(tree) === undefined && looksLikePython(tree)) return pythonPlan(tree, files, stack, settings);
  throw notDetected(tree, settings.stack);
}

async function nodePlan(tree: SourceTree, files: AppFiles, stack: string, settings: PlanSettings): Promise<AppPlan> {
  const { build } = files.file;
  const hasWork = [...files.processes.keys()].some((type) => type !== 'release');
  const site = hasWork ? undefined : siteFolder(parsePackageJson((await tree.text('package.json')) ?? ''));
  if (site !== undefined) return staticPlan(tree, files, stack, settings, site);
  const app = await planNodeApp(tree, build?.command, build?.secrets ?? [], settings);
  if (!hasWork && app.start === undefined) {
    throw new AppError('no_web_process', { detail: 'package.json has no start script and no main file. Add a start script, or a Procfile with a line such as "web: node server.js"; of a site, name the folder that its build writes as build.static in molo.yml.' });
  }
  const manifest = completeManifest(files, { builder: 'node', packageVersion: app.packageJson.version, defaultWeb: app.start, port: undefined, imageHasHealthCheck: false });
  const parts: DockerfileParts = {
    ...common(files.file, stack, settings),
    toolchains: app.toolchains,
    buildPackages: app.needsCompiler ? ['g++', 'make', 'python3'] : [],
    env: { HOME: '/app', NODE_ENV: 'production', PATH: `/app/node_modules/.bin:${systemPath}` },
    library: app.library,
    build: app.build,
    port: manifest.port,
    command: manifest.processes['web']?.command ?? undefined,
  };
  return generatedPlan({ manifest, headline: 'Node app detected', notes: app.notes, parts, libraryFiles: app.libraryFiles, leavesOut: isDependency, binary: app.toolchains.map(({ name, version }) => `${name} ${version}`) });
}

async function pythonPlan(tree: SourceTree, files: AppFiles, usualStack: string, settings: PlanSettings): Promise<AppPlan> {
  const { build } = files.file;
  const stack = files.file.stack ?? (await stackForPython(tree, usualStack));
  const app = await planPythonApp(tree, stack, build?.command, build?.secrets ?? [], settings.caches);
  const manifest = completeManifest(files, { builder: 'python', packageVersion: app.version, defaultWeb: app.start, port: undefined, imageHasHealthCheck: false });
  if (Object.keys(manifest.processes).every((type) => type === 'release')) {
    throw new AppError('no_web_process', { detail: 'Nothing says how the app is started. Add a Procfile with a line such as "web: gunicorn app:app --bind 0.0.0.0:$PORT".' });
  }
  const parts: DockerfileParts = {
    ...common(files.file, stack, settings),
    toolchains: [],
    binaryPackages: ['python3'],
    buildPackages: ['python3-venv'],
    env: { HOME: '/app', PATH: `/app/.venv/bin:${systemPath}`, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
    library: app.library,
    build: app.build,
    port: manifest.port,
    command: manifest.processes['web']?.command ?? undefined,
  };
  return generatedPlan({ manifest, headline: 'Python app detected', notes: app.notes, parts, libraryFiles: app.libraryFiles, leavesOut: (path) => path === '.venv' || path.startsWith('.venv/'), binary: [`python ${app.python}`] });
}

async function staticPlan(tree: SourceTree, files: AppFiles, stack: string, settings: PlanSettings, folder = '.'): Promise<AppPlan> {
  const app = await planStaticSite(tree, files.file, folder, settings);
  const manifest = completeManifest(files, { builder: 'static', packageVersion: app.version, defaultWeb: app.start, port: undefined, imageHasHealthCheck: false });
  const parts: DockerfileParts = {
    ...common(files.file, stack, settings),
    toolchains: [],
    buildToolchains: app.toolchains,
    binaryPackages: ['nginx-light'],
    buildPackages: [],
    env: { HOME: '/app' },
    library: undefined,
    build: app.build,
    port: manifest.port,
    command: manifest.processes['web']?.command ?? undefined,
  };
  return generatedPlan({ manifest, headline: 'Static site detected', notes: app.notes, parts, libraryFiles: app.libraryFiles, additions: app.additions, leavesOut: isDependency, binary: ['nginx'] });
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function common(file: ManifestFile, stack: string, settings: PlanSettings) {
  return { stack, packages: file.build?.packages ?? [], caches: settings.caches, hasExtraCa: settings.hasExtraCa, binaryPackages: [], buildToolchains: [] };
}

interface Generated {
  readonly manifest: AppPlan['manifest'];
  readonly headline: string;
  readonly notes: readonly string[];
  readonly parts: DockerfileParts;
  readonly libraryFiles: LibraryFiles;
  readonly additions?: ReadonlyMap<string, string>;
  readonly leavesOut: (path: string) => boolean;
  readonly binary: readonly string[];
}

function generatedPlan({ manifest, headline, notes, parts, libraryFiles, additions, leavesOut, binary }: Generated): AppPlan {
  const { text, layerKinds } = generateDockerfile(parts);
  const files = new Map([['Dockerfile', text]]);
  for (const [path, content] of libraryFiles.written) files.set(`${libraryFolder}/${path}`, content);
  for (const [path, content] of additions ?? []) files.set(`${sourceFolder}/${path}`, content);
  const labels = {
    'molo.layer.os-base': parts.stack,
    'molo.layer.os-custom': parts.packages.toSorted().join(' '),
    'molo.layer.binary': binary.join(' '),
  };
  return {
    manifest,
    headline,
    notes: [...notes, ...(parts.packages.length > 0 ? [`Debian packages: ${parts.packages.join(', ')}`] : []), `Stack ${parts.stack}`],
    image: {
      dockerfile: 'Dockerfile',
      context: { prefix: `${sourceFolder}/`, leavesOut, additions: files, copies: new Map(libraryFiles.copied.map((path) => [path, `${libraryFolder}/${path}`])) },
      contextWithoutSyntax: undefined,
      stacks: [parts.stack],
      toolchains: [...parts.toolchains, ...parts.buildToolchains],
      images: [],
      base: stackImage(parts.stack),
      layerKinds,
      labels,
    },
  };
}

function isDependency(path: string): boolean {
  return path === 'node_modules' || path.startsWith('node_modules/');
}

function stackOf(file: ManifestFile, settings: PlanSettings): string {
  const name = file.stack ?? settings.stack;
  if (isStackName(name)) return name;
  const known = Object.keys(stackSuites);
  const meant = nearest(name, known);
  throw new AppError('manifest_invalid', { detail: `molo.yml: there is no stack "${name}"; ${meant ? `did you mean "${meant}"?` : `there are ${known.join(' and ')}.`}` });
}
