import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceFile {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
  /** Package that the file belongs to, such as `@molo/agent`, or `infra`, `test` and `docs`. */
  readonly owner: string;
  /** What it imports, as written. */
  readonly imports: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const derived = /(^|\/)(node_modules|dist|\.next|\.nx|\.molo|fixtures)(\/|$)/;
const importPattern = /(?:^|[\s;}])(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]|(?:^|[\s;(])import\s*\(?\s*['"]([^'"]+)['"]/g;

/** Every package of the workspace by its folder, such as `apps/agent`. */
export function packages(): Map<string, Manifest> {
  const files = globSync('{apps,libs}/*/package.json', { cwd: root });
  return new Map(files.map((file) => [dirname(file), JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest]));
}

/** Every source file of ours, whatever language of the two it is in. */
export function sourceFiles(): SourceFile[] {
  const owners = packages();
  const files = globSync('{apps,libs,infra,test,docs}/**/*.{ts,tsx,mjs,js}', { cwd: root, exclude: (path) => derived.test(path) });
  return files.filter((path) => !derived.test(path)).map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, owner: ownerOf(path, owners), imports: [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? '') };
  });
}

function ownerOf(path: string, owners: ReadonlyMap<string, Manifest>): string {
  const [top = '', name = ''] = path.split('/');
  return owners.get(`${top}/${name}`)?.name ?? top;
}

/** The package that an import leads to: by name, or by a path that leaves its own folder. Undefined for all others. */
export function targetOf(file: SourceFile, imported: string): string | undefined {
  if (imported.startsWith('@molo/')) return imported.split('/').slice(0, 2).join('/');
  if (!imported.startsWith('.')) return undefined;
  const path = relative(root, join(root, dirname(file.path), imported));
  const target = ownerOf(path, packages());
  return target === file.owner ? undefined : target;
}

/** Tests, and what stands only for them: `testing/` folders, `test-….ts`, `trial-….ts`, `…-test-….ts`, `…-bench.ts`. */
export function isTest(path: string): boolean {
  return /\.spec\.tsx?$|\/testing\/|[/-](test|trial)-[^/]*\.tsx?$|-bench\.ts$|^test\//.test(path);
}
