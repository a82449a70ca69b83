import { AppError } from '@molo/contracts';
import { parse as parseToml } from 'smol-toml';
import semver from 'semver';
import { z } from 'zod';
import type { LibraryFiles } from './app-plan.js';
import type { CacheIds } from './cache-ids.js';
import type { BuildSteps, Step } from './generated-dockerfile.js';
import { librarySecrets } from './node-install.js';
import type { SourceTree } from './source-tree.js';

export const pythonFiles = ['requirements.txt', 'pyproject.toml'] as const;

/** Files of tools that name dependencies in their own way, and how these are written down for pip. */
const otherTools = {
  'Pipfile': 'pipenv requirements > requirements.txt',
  'poetry.lock': 'poetry export -o requirements.txt',
  'uv.lock': 'uv export -o requirements.txt',
  'setup.py': 'pip freeze > requirements.txt',
} as const;

/** Whether a tree without any of `pythonFiles` holds a Python app all the same: programs in its top folder, with no dependencies or with those of another tool. */
export function looksLikePython(tree: SourceTree): boolean {
  return Object.keys(otherTools).some((file) => tree.hasFile(file)) || tree.paths.some((path) => /^[^/]+\.py$/.test(path));
}

/** The Python of each stack: Debian's own. */
const stackPythons: Readonly<Record<string, string>> = { 'debian-12': '3.11', 'debian-13': '3.13' };

const PyProject = z.looseObject({
  project: z.looseObject({ version: z.string().optional(), 'requires-python': z.string().optional(), dependencies: z.array(z.string()).optional() }).optional(),
  tool: z.looseObject({ poetry: z.looseObject({ version: z.string().optional(), dependencies: z.record(z.string(), z.unknown()).optional() }).optional() }).optional(),
});
type PyProject = z.infer<typeof PyProject>;

export interface PythonApp {
  readonly python: string;
  readonly version: string | undefined;
  readonly notes: readonly string[];
  readonly library: Step;
  readonly libraryFiles: LibraryFiles;
  readonly build: BuildSteps | undefined;
  readonly start: string | undefined;
}

export async function planPythonApp(tree: SourceTree, stack: string, buildCommand: string | undefined, secrets: readonly string[], caches: CacheIds): Promise<PythonApp> {
  const python = stackPythons[stack] ?? '3';
  const project = parsePyProject(await tree.text('pyproject.toml'));
  await checkVersion(tree, project, python, stack);
  const from = pythonFiles.find((file) => tree.hasFile(file));
  const install = installStep(secrets, caches);
  return {
    python,
    version: project?.project?.version ?? project?.tool?.poetry?.version,
    notes: [`Python ${python} of ${stack}`, from === undefined ? 'No dependencies: there is no requirements.txt' : `Dependencies from ${from}`, ...(buildCommand === undefined ? [] : [`Runs ${buildCommand}`])],
    library: install,
    libraryFiles: dependencyFiles(tree, project),
    build: buildCommand === undefined ? undefined : { install, steps: [{ command: buildCommand, mounts: [], secrets: librarySecrets(secrets), env: { HOME: '/tmp' } }], excludes: ['.venv'], prune: undefined },
    start: startCommand(tree),
  };
}

function parsePyProject(text: string | undefined): PyProject | undefined {
  if (text === undefined) return undefined;
  try {
    return PyProject.parse(parseToml(text));
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : ((cause as Error).message.split('\n')[0] ?? '');
    throw new AppError('manifest_invalid', { detail: `pyproject.toml cannot be read: ${reason}`, cause });
  }
}

/** The stack to build on where the app names none: the usual one, or else one that has the Python that the app asks for. */
export async function stackForPython(tree: SourceTree, usual: string): Promise<string> {
  const asked = await askedVersions(tree, parsePyProject(await tree.text('pyproject.toml')));
  const fits = (stack: string) => asked.every(({ range }) => satisfiedBy(stackPythons[stack] ?? '', range));
  return [usual, ...Object.keys(stackPythons)].find(fits) ?? usual;
}

async function askedVersions(tree: SourceTree, project: PyProject | undefined): Promise<Array<{ file: string; range: string }>> {
  const asked: Array<{ file: string; range: string | undefined }> = [
    { file: '.python-version', range: firstVersion(await tree.text('.python-version')) },
    { file: 'runtime.txt', range: /^python-(\S+)/.exec((await tree.text('runtime.txt'))?.trim() ?? '')?.[1] },
    { file: 'requires-python in pyproject.toml', range: project?.project?.['requires-python'] },
  ];
  return asked.flatMap(({ file, range }) => (range ? [{ file, range }] : []));
}

/** The first version that a file of pyenv or uv names; both take comments and `cpython-` or `python-` before it. */
function firstVersion(text: string | undefined): string | undefined {
  const line = text?.split('\n').map((each) => each.replace(/#.*/, '').trim()).find((each) => each !== '');
  return line?.split(/\s+/)[0]?.replace(/^c?python[-@]?/, '');
}

/** Whoever names a Python that the stack does not have is told so, instead of being given another. */
async function checkVersion(tree: SourceTree, project: PyProject | undefined, python: string, stack: string): Promise<void> {
  for (const { file, range } of await askedVersions(tree, project)) {
    if (satisfiedBy(python, range)) continue;
    const offered = Object.entries(stackPythons).map(([name, version]) => `Python ${version} (stack: ${name})`);
    throw new AppError('runtime_version_unknown', {
      detail: `${file} asks for Python ${range}; the stack ${stack} has ${python}. There are ${offered.join(' and ')}: name one in ${file}, choose the stack in molo.yml, or bring a Dockerfile.`,
    });
  }
}

/** Whether some patch version of `python` (`3.11`) fits a range of PEP 440, or a plain version. */
export function satisfiedBy(python: string, range: string): boolean {
  const clauses = range.split(',').map((clause) => clause.trim()).filter(Boolean);
  return clauses.every((clause) => {
    const [, operator = '', version = ''] = /^(~=|===?|!=|<=|>=|<|>)?\s*v?([\d.]+(?:\.\*)?)/.exec(clause) ?? [];
    const parts = version.replace(/\.\*$/, '').split('.').filter(Boolean);
    const minor = semver.coerce(parts.slice(0, 2).join('.'));
    const own = semver.coerce(python);
    if (!minor || !own) return false;
    const compared = parts.length === 1 ? own.major - minor.major : semver.compare(own, minor);
    if (operator === '!=') return compared !== 0 || parts.length > 2;
    if (operator === '~=') return parts.length > 2 ? compared === 0 : compared >= 0 && own.major === minor.major;
    if (operator === '>=') return compared >= 0;
    if (operator === '>') return compared > 0 || parts.length > 2;
    if (operator === '<=') return compared <= 0;
    if (operator === '<') return parts.length > 2 ? compared <= 0 : compared < 0;
    return compared === 0;
  });
}

/** What pip needs to see: requirement files, and wheels that the tree brings along. */
function dependencyFiles(tree: SourceTree, project: PyProject | undefined): LibraryFiles {
  const carried = tree.paths.filter((path) => /(^|\/)(requirements|constraints)[^/]*\.txt$|(^|\/)requirements\/[^/]+\.txt$|\.whl$/.test(path) && !path.startsWith('.venv/'));
  return { written: tree.hasFile('requirements.txt') ? new Map() : new Map([['requirements.txt', requirementsOf(tree, project)]]), copied: carried };
}

function requirementsOf(tree: SourceTree, project: PyProject | undefined): string {
  refuseOtherTools(tree);
  const dependencies = project?.project?.dependencies ?? [];
  if (dependencies.length === 0 && project?.tool?.poetry?.dependencies) {
    throw new AppError('source_invalid', { detail: 'pyproject.toml names its dependencies in the way of Poetry alone. Write them to a requirements.txt: poetry export -o requirements.txt' });
  }
  return `${dependencies.join('\n')}\n`;
}

function refuseOtherTools(tree: SourceTree): void {
  if (tree.hasFile('pyproject.toml')) return;
  for (const [file, command] of Object.entries(otherTools)) {
    if (tree.hasFile(file)) throw new AppError('source_invalid', { detail: `Dependencies come from requirements.txt or pyproject.toml, and the source tree has ${file} alone. Write them to a requirements.txt and commit it: ${command}` });
  }
}

function installStep(secrets: readonly string[], caches: CacheIds): Step {
  return {
    command: 'python3 -m venv .venv && cd /mnt && /app/.venv/bin/pip install --disable-pip-version-check --no-input -r requirements.txt && cd /app && rm -rf .venv/lib/python3*/site-packages/pip .venv/lib/python3*/site-packages/pip-* .venv/bin/pip*',
    mounts: [`type=cache,id=molo-pip-${caches.ofApp},target=/var/cache/molo,uid=1000,gid=1000`],
    secrets: librarySecrets(secrets),
    env: { HOME: '/tmp', PIP_CACHE_DIR: '/var/cache/molo', PIP_NO_WARN_SCRIPT_LOCATION: '1' },
  };
}

function startCommand(tree: SourceTree): string | undefined {
  const file = ['main.py', 'app.py', 'server.py'].find((each) => tree.hasFile(each));
  return file === undefined ? undefined : `python3 ${file}`;
}
