import { AppError } from '@molo/contracts';
import { pythonFiles } from './python-app.js';
import type { SourceTree } from './source-tree.js';

/** Files that show a language which Molo builds by way of a Dockerfile alone. */
const otherLanguages: ReadonlyArray<readonly [language: string, file: RegExp]> = [
  ['Ruby', /^(Gemfile|config\.ru)$/],
  ['Go', /^(go\.mod|[^/]+\.go)$/],
  ['PHP', /^(composer\.json|index\.php)$/],
  ['Scala', /^build\.sbt$/],
  ['Java', /^(pom\.xml|build\.gradle(\.kts)?)$/],
  ['Clojure', /^(project\.clj|deps\.edn)$/],
  ['Rust', /^Cargo\.toml$/],
  ['Elixir', /^mix\.exs$/],
  ['.NET', /^[^/]+\.(csproj|fsproj|sln)$/],
  ['Deno', /^deno\.jsonc?$/],
];

/** The language of a tree that Molo finds no builder for, and the file that shows it. */
export function otherLanguage(tree: SourceTree): { language: string; file: string } | undefined {
  const { paths } = tree;
  for (const [language, pattern] of otherLanguages) {
    const file = paths.find((path) => pattern.test(path));
    if (file !== undefined) return { language, file };
  }
  return undefined;
}

export function notDetected(tree: SourceTree, stack: string): AppError {
  const looked = ['Dockerfile', 'package.json (Node)', ...pythonFiles.map((file) => `${file} (Python)`), 'index.html (static site)'].join(', ');
  const other = otherLanguage(tree);
  if (other) {
    return new AppError('app_not_detected', {
      detail: `${other.file} shows an app in ${other.language}, which takes a Dockerfile: add one that begins with FROM molo/stack:${stack} or another base image. Without one Molo builds what it finds by ${looked.replace('Dockerfile, ', '')}.`,
    });
  }
  const top = [...new Set(tree.paths.map((path) => path.split('/', 1)[0] ?? ''))].filter((name) => name !== '').slice(0, 8);
  const found = top.length > 0 ? `The top folder holds: ${top.join(', ')}.` : 'The source tree is empty.';
  return new AppError('app_not_detected', { detail: `Looked for ${looked} in the top folder and found none. ${found} ${nested(tree)}Add one of them, or name a folder of pages as build.static in molo.yml.` });
}

/** Whoever pushed the folder above the app is told where the app is. */
function nested(tree: SourceTree): string {
  const inside = tree.paths.find((path) => /^[^/]+\/(Dockerfile|package\.json|requirements\.txt|pyproject\.toml|index\.html)$/.test(path));
  return inside === undefined ? '' : `There is ${inside}: push what is in ${inside.split('/', 1)[0]} as a repository of its own, or bring a Dockerfile. `;
}
