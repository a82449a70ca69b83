import { AppError } from '@molo/contracts';
import semver from 'semver';
import { z } from 'zod';
import { noLibraryFiles, type LibraryFiles, type PlanSettings, type Toolchain } from './app-plan.js';
import type { BuildSteps, Step } from './generated-dockerfile.js';
import { installCommands, librarySecrets, type NodeInstall, type PackageManager } from './node-install.js';
import { startCommand } from './node-start.js';
import type { SourceTree } from './source-tree.js';

const looseText = z.record(z.string(), z.string()).catch({});

export const PackageJson = z.looseObject({
  name: z.string().optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  main: z.string().optional().catch(undefined),
  packageManager: z.string().optional().catch(undefined),
  engines: looseText.optional(),
  scripts: looseText.optional(),
  dependencies: looseText.optional(),
  devDependencies: looseText.optional(),
  optionalDependencies: looseText.optional(),
  workspaces: z.union([z.array(z.string()), z.looseObject({ packages: z.array(z.string()).optional() })]).optional().catch(undefined),
});
export type PackageJson = z.infer<typeof PackageJson>;

export interface NodeApp {
  readonly packageJson: PackageJson;
  readonly toolchains: readonly Toolchain[];
  readonly notes: readonly string[];
  readonly library: Step | undefined;
  readonly libraryFiles: LibraryFiles;
  readonly build: BuildSteps | undefined;
  /** Whether dependencies have to be compiled. */
  readonly needsCompiler: boolean;
  /** Command of `web`, when the app's files name none. */
  readonly start: string | undefined;
}

export async function planNodeApp(tree: SourceTree, buildCommand: string | undefined, secrets: readonly string[], settings: PlanSettings): Promise<NodeApp> {
  const packageJson = parsePackageJson((await tree.text('package.json')) ?? '');
  const asked = await nodeRange(tree, packageJson);
  const node = await settings.versions.node(asked.range, asked.askedBy);
  if (semver.lt(semver.coerce(node) ?? oldestNode, oldestNode)) {
    throw new AppError('runtime_version_unknown', { detail: `${asked.askedBy} asks for Node ${asked.range ?? node}, and Molo installs dependencies with Node ${oldestNode} and later only. Write a later version, such as "24", or bring a Dockerfile.` });
  }
  const manager = await packageManagerOf(tree, packageJson, settings);
  const install = hasDependencies(tree, packageJson) ? await installCommands(tree, packageJson, manager, { ...settings, secrets }) : undefined;
  const scripts = buildScripts(packageJson, buildCommand, manager);
  const changesDependencies = ['preinstall', 'install', 'postinstall'].some((name) => packageJson.scripts?.[name] !== undefined);
  return {
    packageJson,
    toolchains: [{ name: 'node', version: node }, ...(manager.toolchain ? [manager.toolchain] : [])],
    notes: [
      `Node ${node} (${asked.askedBy})`,
      ...(install ? [`Dependencies from ${manager.lockFile ?? 'package.json, as there is no lock file: versions may differ from build to build'}, with ${manager.name}`] : ['No dependencies']),
      ...scripts.map((script) => `Runs ${script}`),
    ],
    library: install?.production,
    libraryFiles: install?.files ?? noLibraryFiles,
    build: scripts.length > 0 ? buildSteps(scripts, install, secrets, changesDependencies) : undefined,
    needsCompiler: install?.needsCompiler ?? false,
    start: startCommand(tree, packageJson, manager.name),
  };
}

export function parsePackageJson(text: string, path = 'package.json'): PackageJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('manifest_invalid', { detail: `${path} is not JSON: ${(cause as Error).message}`, cause });
  }
  const parsed = PackageJson.safeParse(value);
  if (!parsed.success) throw new AppError('manifest_invalid', { detail: `${path} must hold one JSON object.`, cause: parsed.error });
  return parsed.data;
}

/** What the oldest npm that knows `npm ci` runs on. */
const oldestNode = '6.2.0';

const ltsNames: Record<string, string> = { gallium: '16', hydrogen: '18', iron: '20', jod: '22', krypton: '24' };

async function nodeRange(tree: SourceTree, packageJson: PackageJson): Promise<{ range: string | undefined; askedBy: string }> {
  const engine = packageJson.engines?.['node']?.trim();
  if (engine) return { range: rangeOf(engine, 'engines.node in package.json'), askedBy: 'engines.node in package.json' };
  for (const file of ['.nvmrc', '.node-version']) {
    const line = (await tree.text(file))?.split('\n').map((each) => each.replace(/#.*/, '').trim()).find((each) => each !== '');
    if (line) return { range: rangeOf(line, file), askedBy: file };
  }
  return { range: undefined, askedBy: 'the newest with long-term support' };
}

function rangeOf(text: string, askedBy: string): string | undefined {
  const wanted = text.toLowerCase();
  if (wanted === 'lts/*' || wanted === 'lts') return undefined;
  if (['node', 'latest', 'stable', 'current'].includes(wanted)) return '*';
  const lts = /^lts\/(\w+)$/.exec(wanted)?.[1];
  if (lts !== undefined && Object.hasOwn(ltsNames, lts)) return ltsNames[lts];
  const range = text.replace(/^node[@-]?/, '');
  if (semver.validRange(range) === null) {
    throw new AppError('runtime_version_unknown', { detail: `"${text}", which ${askedBy} asks for, is not a version of Node. Write a version or a range, such as "24" or ">=22 <25".` });
  }
  return range;
}

async function packageManagerOf(tree: SourceTree, packageJson: PackageJson, settings: PlanSettings): Promise<PackageManager> {
  const [name, version] = (packageJson.packageManager ?? '').split('+')[0]?.split('@') ?? [];
  const lockFile = ['package-lock.json', 'npm-shrinkwrap.json', lockFiles.pnpm, lockFiles.yarn].find((file) => tree.hasFile(file) && fits(file, name));
  const manager = (['pnpm', 'yarn'] as const).find((each) => name === each || lockFile === lockFiles[each]) ?? 'npm';
  if (manager === 'npm') return { name: 'npm', lockFile, toolchain: undefined, version: undefined };
  const asked = name === manager && version ? { range: version, askedBy: 'packageManager in package.json' } : await rangeOfLock(tree, packageJson, manager);
  const exact = await settings.versions.packageManager(manager, asked.range, asked.askedBy);
  return { name: manager, lockFile, version: exact, toolchain: { name: manager, version: exact } };
}

const lockFiles = { pnpm: 'pnpm-lock.yaml', yarn: 'yarn.lock' } as const;

function fits(lockFile: string, manager: string | undefined): boolean {
  if (manager === 'pnpm' || manager === 'yarn') return lockFile === lockFiles[manager];
  return manager !== 'npm' || !Object.values<string>(lockFiles).includes(lockFile);
}

/** The package manager that wrote a lock file, by the file's own format. */
async function rangeOfLock(tree: SourceTree, packageJson: PackageJson, manager: 'pnpm' | 'yarn'): Promise<{ range: string; askedBy: string }> {
  const engine = packageJson.engines?.[manager];
  if (engine && semver.validRange(engine)) return { range: engine, askedBy: `engines.${manager} in package.json` };
  if (manager === 'yarn') {
    const berry = (await tree.text('yarn.lock'))?.includes('__metadata:') ?? false;
    return { range: berry ? '4' : '1', askedBy: 'yarn.lock' };
  }
  const format = /^lockfileVersion:\s*'?(\d+)/m.exec((await tree.text('pnpm-lock.yaml')) ?? '')?.[1] ?? '9';
  return { range: { '5': '7', '6': '8' }[format] ?? '10', askedBy: 'pnpm-lock.yaml' };
}

function hasDependencies(tree: SourceTree, packageJson: PackageJson): boolean {
  const { dependencies, devDependencies, optionalDependencies, workspaces } = packageJson;
  return workspaces !== undefined || tree.hasFile('pnpm-workspace.yaml') || [dependencies, devDependencies, optionalDependencies].some((each) => Object.keys(each ?? {}).length > 0);
}

/** Commands to run on the source. Scripts of the app's own package that npm would run at installation need the source, so they come here. */
function buildScripts({ scripts = {} }: PackageJson, buildCommand: string | undefined, manager: PackageManager): string[] {
  const run = (name: string) => (scripts[name] === undefined ? [] : [`${manager.name} run ${name}`]);
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'].flatMap(run);
  if (buildCommand !== undefined) return [...atInstall, buildCommand];
  return [...atInstall, ...(scripts['heroku-postbuild'] === undefined ? run('build') : run('heroku-postbuild'))];
}

function buildSteps(scripts: readonly string[], install: NodeInstall | undefined, secrets: readonly string[], changesDependencies: boolean): BuildSteps {
  return {
    install: install?.everything,
    steps: scripts.map((command) => ({ command, mounts: [], secrets: librarySecrets(secrets), env: { CI: 'true', HOME: '/tmp' } })),
    excludes: install?.dependencyFolders ?? [],
    prune: changesDependencies ? install?.prune : undefined,
  };
}
