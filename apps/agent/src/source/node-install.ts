import { posix } from 'node:path';
import { AppError } from '@molo/contracts';
import type { LibraryFiles, Toolchain } from './app-plan.js';
import type { CacheIds } from './cache-ids.js';
import type { Step } from './generated-dockerfile.js';
import { parsePackageJson, type PackageJson } from './node-app.js';
import type { SourceTree } from './source-tree.js';

export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn';
  readonly version: string | undefined;
  readonly lockFile: string | undefined;
  readonly toolchain: Toolchain | undefined;
}

export interface NodeInstall {
  readonly files: LibraryFiles;
  readonly production: Step;
  readonly everything: Step;
  /** Takes what only development needs away again, once scripts of the app have worked on the dependencies. */
  readonly prune: Step;
  /** Every node_modules that an installation may make. */
  readonly dependencyFolders: readonly string[];
  readonly needsCompiler: boolean;
}

interface InstallSettings {
  readonly npmRegistry: string | undefined;
  readonly caches: CacheIds;
  readonly secrets: readonly string[];
}

/** Fields of package.json that say nothing about dependencies: a change of these alone leaves the Library layer as it is. */
const unrelated = ['version', 'description', 'keywords', 'homepage', 'bugs', 'license', 'author', 'contributors', 'repository', 'scripts', 'main', 'files', 'type', 'browserslist', 'eslintConfig', 'prettier', 'jest'];
const settingsFiles = ['.npmrc', '.yarnrc', '.yarnrc.yml', 'pnpm-workspace.yaml', '.pnpmfile.cjs'];

export async function installCommands(tree: SourceTree, packageJson: PackageJson, manager: PackageManager, settings: InstallSettings): Promise<NodeInstall> {
  const members = memberFolders(tree);
  const written = new Map([['package.json', related(packageJson)]]);
  for (const path of members.map((folder) => `${folder}/package.json`)) written.set(path, related(parsePackageJson((await tree.text(path)) ?? '{}', path), path));
  const lock = manager.lockFile === undefined ? undefined : await tree.text(manager.lockFile);
  if (manager.lockFile !== undefined && lock !== undefined) written.set(manager.lockFile, manager.name === 'npm' ? relatedLock(lock) : lock);
  const commands = commandsOf(manager);
  const text = lock ?? '';
  const settled = { ...settings, runsScripts: manager.name === 'npm' && (lock === undefined || text.includes('"hasInstallScript": true')) && packageJson['allowScripts'] === undefined };
  return {
    files: { written, copied: [...settingsFiles, ...carriedPaths(tree, packageJson)].filter((path) => tree.hasFile(path)) },
    production: step(`${takeFiles} && ${commands.production}`, manager, settled),
    everything: step(`${takeFiles} && ${commands.everything}`, manager, settled),
    prune: step(commands.prune, manager, settled),
    dependencyFolders: ['node_modules', ...members.map((folder) => `${folder}/node_modules`)],
    needsCompiler: compiledDependencies.test(text),
  };
}

const takeFiles = 'cp -R /mnt/. /app/';
/** Packages that others are compiled with. */
const compiledDependencies = /["'/\s](node-gyp|node-gyp-build|node-addon-api|nan|prebuild-install|node-pre-gyp|bindings)["'@:\s]/;

/** Config keys that builds ask for are variables of the steps that install and build: `.npmrc` may name them. */
export function librarySecrets(secrets: readonly string[]): readonly string[] {
  return secrets.filter((key) => /^[A-Za-z_]\w*$/.test(key));
}

function step(command: string, manager: PackageManager, settings: InstallSettings & { readonly runsScripts: boolean }): Step {
  const registry = settings.npmRegistry === undefined ? {} : { npm_config_registry: settings.npmRegistry, YARN_NPM_REGISTRY_SERVER: settings.npmRegistry };
  return {
    command,
    mounts: [`type=cache,id=molo-${manager.name}-${settings.caches.ofApp},target=/var/cache/molo,uid=1000,gid=1000`],
    secrets: librarySecrets(settings.secrets),
    env: { HOME: '/tmp', CI: 'true', ...managerEnv[manager.name], ...registry, ...(settings.runsScripts ? runScripts : {}) },
  };
}

/** npm 11.19 and later run no installation scripts that the app has not allowed; apps from before that rely on them. */
const runScripts = { npm_config_dangerously_allow_all_scripts: 'true' };

const managerEnv = {
  npm: { npm_config_cache: '/var/cache/molo', npm_config_update_notifier: 'false', npm_config_audit: 'false', npm_config_fund: 'false' },
  pnpm: { npm_config_store_dir: '/var/cache/molo/store', npm_config_cache_dir: '/var/cache/molo/cache', npm_config_package_import_method: 'copy', npm_config_nodedir: '/usr/local' },
  yarn: { YARN_CACHE_FOLDER: '/var/cache/molo', YARN_NODE_LINKER: 'node-modules', YARN_ENABLE_GLOBAL_CACHE: 'false', YARN_ENABLE_TELEMETRY: '0', npm_config_nodedir: '/usr/local' },
} as const;

function commandsOf({ name, version, lockFile }: PackageManager): { production: string; everything: string; prune: string } {
  if (name === 'pnpm') {
    const install = `pnpm install ${lockFile ? '--frozen-lockfile' : '--no-frozen-lockfile'}`;
    return { production: `${install} --prod`, everything: `NODE_ENV=development ${install}`, prune: 'pnpm prune --prod --ignore-scripts' };
  }
  if (name === 'yarn' && !version?.startsWith('1.')) {
    const install = `yarn install${lockFile ? ' --immutable' : ''}`;
    return { production: 'yarn workspaces focus --all --production', everything: install, prune: 'yarn workspaces focus --all --production' };
  }
  if (name === 'yarn') {
    const install = `yarn install --non-interactive${lockFile ? ' --frozen-lockfile' : ''}`;
    return { production: `${install} --production`, everything: `${install} --production=false`, prune: `${install} --production --ignore-scripts --prefer-offline` };
  }
  const install = lockFile ? 'npm ci' : 'npm install --no-package-lock';
  // npm 6, which comes with Node before 15, goes by NODE_ENV alone.
  return { production: `${install} --omit=dev`, everything: `NODE_ENV=development ${install} --include=dev`, prune: 'npm prune --omit=dev --ignore-scripts' };
}

function related(packageJson: PackageJson, path = 'package.json'): string {
  try {
    return JSON.stringify(Object.fromEntries(Object.entries(packageJson).filter(([key]) => !unrelated.includes(key))));
  } catch (cause) {
    // Reading takes any depth, writing does not.
    throw new AppError('manifest_invalid', { detail: `${path} is nested too deep. Take out what lies in it that deep.`, cause });
  }
}

/** npm writes the app's own version into the lock file, too. */
function relatedLock(text: string): string {
  try {
    const lock = JSON.parse(text) as { version?: string; packages?: Record<string, { version?: string } | undefined> };
    delete lock.version;
    for (const [path, entry] of Object.entries(lock.packages ?? {})) if (entry && !path.includes('node_modules/')) delete entry.version;
    return JSON.stringify(lock);
  } catch {
    return text;
  }
}

/** Folders with a package.json of their own: workspaces, and packages that others name by `file:`. */
function memberFolders(tree: SourceTree): string[] {
  const folders = tree.paths.filter((path) => path.endsWith('/package.json') && !path.includes('node_modules/')).map((path) => posix.dirname(path));
  return folders.length <= 500 ? folders : [];
}

/** Tarballs and patches that dependencies come from. */
function carriedPaths(tree: SourceTree, packageJson: PackageJson): string[] {
  const named = [packageJson.dependencies, packageJson.devDependencies, packageJson.optionalDependencies]
    .flatMap((each) => Object.values(each ?? {}))
    .flatMap((range) => (range.startsWith('file:') ? [posix.normalize(range.slice('file:'.length))] : []));
  const patches = tree.paths.filter((path) => /^(patches|\.yarn\/patches)\/.+\.patch$/.test(path));
  return [...named, ...patches];
}
