import { AppError, AppManifest } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlanSettings } from './app-plan.js';
import { cacheIds } from './cache-ids.js';
import { planApp } from './plan-app.js';
import { withTree } from './trial-tree.js';

const settings: PlanSettings = {
  stack: 'debian-12',
  hasExtraCa: false,
  npmRegistry: undefined,
  caches: cacheIds('secret of the node', 'myapp'),
  // As the registry's own does, it takes text alone.
  versions: { node: async (range) => range?.trim() ?? '24.1.0', packageManager: async (_name, range) => range.trim() },
};

/** `planned`, or the code of the AppError; throws what is no AppError, and a plan that no control plane takes. */
async function outcome(files: Record<string, string>): Promise<string> {
  try {
    return await withTree(files, async (tree) => {
      const plan = await planApp(tree, settings);
      AppManifest.parse(plan.manifest);
      for (const path of tree.paths) plan.image.context.leavesOut(path);
      return 'planned';
    });
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.constantFrom('constructor', '__proto__', 'lts/constructor', '>=3.11', '24', '*', 'pnpm@9', 'yarn@constructor', '../x', 'a\0b', 'vite build', 'file:../..'));
const packageJson = fc
  .record(
    {
      name: text,
      version: text,
      main: text,
      packageManager: text,
      engines: fc.dictionary(fc.constantFrom('node', 'pnpm', 'yarn', '__proto__'), text),
      scripts: fc.dictionary(fc.constantFrom('start', 'build', 'install', 'prestart', 'start:prod', '__proto__'), text),
      dependencies: fc.oneof(fc.dictionary(text, text, { maxKeys: 3 }), fc.jsonValue()),
      devDependencies: fc.dictionary(text, text, { maxKeys: 3 }),
      workspaces: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));
const moloYml = fc.array(fc.constantFrom('port: 1', 'version: 1.0', 'stack: debian-13', 'stack: constructor', 'build:', '  static: .', '  static: dist', '  command: make', '  dockerfile: web/../Dockerfile', '  fallback: index.html', 'processes:', '  web: a', '  release: b', 'resources:', '  web: {cpu: 1}', 'drain: 1s', 'version: "\\0"'), { maxLength: 6 }).map((lines) => lines.join('\n'));
const pyproject = fc.oneof(text, fc.constantFrom('[project]\nversion = 1\n', '[project]\nrequires-python = ">=3.11"\ndependencies = ["a"]\n', '[tool.poetry.dependencies]\na = "1"\n', `a = ${'['.repeat(5000)}`));

const tree = fc.record(
  {
    'package.json': fc.oneof(packageJson, fc.json(), text),
    'web/package.json': fc.oneof(packageJson, text),
    'package-lock.json': fc.oneof(fc.json(), text),
    'pnpm-lock.yaml': fc.oneof(text, fc.constant("lockfileVersion: '99'")),
    'yarn.lock': text,
    '.nvmrc': text,
    '.python-version': text,
    'runtime.txt': text.map((version) => `python-${version}`),
    'requirements.txt': text,
    'pyproject.toml': pyproject,
    'molo.yml': moloYml,
    'Procfile': fc.oneof(text, fc.constant('web: a\n'), fc.constant('release: b\n')),
    'Dockerfile': fc.oneof(text, fc.constant('FROM a\nEXPOSE 70000 80\n')),
    '.dockerignore': text,
    'index.html': text,
    'main.py': text,
    'go.mod': text,
  },
  { requiredKeys: [] },
);

describe('any source tree', () => {
  it('gives a plan that a control plane takes, or an error with a code', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        seen.add(await outcome(files));
      }),
      { numRuns: 400 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(['planned', 'manifest_invalid']));
  });

  it.each([
    ['package.json', `{"dependencies":{"a":"1"},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'manifest_invalid'],
    ['pyproject.toml', `a = ${'['.repeat(100_000)}`, 'manifest_invalid'],
    ['molo.yml', '['.repeat(100_000), 'manifest_invalid'],
    ['molo.yml', Array.from({ length: 4000 }, (_, index) => `k${index}: {a: 1}`).join('\n'), 'manifest_invalid'],
    ['molo.yml', '? '.repeat(30_000), 'manifest_invalid'],
    ['molo.yml', '{'.repeat(60_000), 'manifest_invalid'],
    ['molo.yml', '- '.repeat(30_000), 'manifest_invalid'],
    ['molo.yml', 'processes:\n  __proto__: a\n', 'manifest_invalid'],
    ['molo.yml', `processes: {${Array.from({ length: 25_000 }, (_, index) => `p${index}: a`).join(', ')}}`, 'manifest_invalid'],
  ])('that holds %s of any depth and length is answered within two seconds', async (name, content, code) => {
    const startedAt = performance.now();
    expect(await outcome({ 'index.html': '', [name]: content })).toBe(code);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('is not held up by a start script of many assignments', async () => {
    const scripts = { start: `${'A=b=c '.repeat(200)}node server.js`, build: `${'vite build '.repeat(5000)}--outDir x`, install: 'x' };
    const startedAt = performance.now();
    expect(await outcome({ 'package.json': JSON.stringify({ scripts }) })).toBe('planned');
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('that names a Node by what every object has is told that there is none', async () => {
    expect(await outcome({ 'package.json': '{"scripts":{"start":"node a.js"}}', '.nvmrc': 'lts/constructor' })).toBe('runtime_version_unknown');
  });
});
