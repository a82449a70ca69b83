import { describe, expect, it } from 'vitest';
import { isTest, packages, sourceFiles, targetOf } from './workspace.js';

/** Who may import whom. Whoever is not named here may import no package of ours. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  '@molo/contracts': [],
  '@molo/queue': ['@molo/contracts'],
  '@molo/client': ['@molo/contracts'],
  '@molo/testkit': [],
  '@molo/control-plane': ['@molo/contracts', '@molo/queue'],
  '@molo/agent': ['@molo/contracts', '@molo/queue'],
  '@molo/cli': ['@molo/contracts', '@molo/client'],
  '@molo/dashboard': ['@molo/contracts', '@molo/client'],
  infra: ['@molo/contracts', '@molo/client'],
  test: ['@molo/contracts', '@molo/client', 'infra'],
  // The docs' generator asks the command line for its own commands.
  docs: ['@molo/contracts', '@molo/cli'],
};
/** Tests may stand on these besides. */
const testsMayImport = ['@molo/testkit'];

const files = sourceFiles();
const edges = files.flatMap((file) =>
  file.imports.flatMap((imported) => {
    const target = targetOf(file, imported);
    return target ? [{ from: file.owner, to: target, path: file.path, isTest: isTest(file.path) }] : [];
  }),
);

describe('packages', () => {
  it('are all seen, and so are the imports between them', () => {
    expect([...packages().values()].map(({ name }) => name).toSorted()).toEqual(Object.keys(mayImport).filter((name) => name.startsWith('@')).toSorted());
    expect(edges.length).toBeGreaterThan(20);
    for (const name of ['@molo/control-plane', '@molo/agent', '@molo/cli', '@molo/dashboard']) expect(edges.some((edge) => edge.from === name), `imports of ${name}`).toBe(true);
  });

  it('import only what the table allows: no app another, contracts nothing of ours', () => {
    const wrong = edges.filter(({ from, to, isTest }) => !mayImport[from]?.includes(to) && !(isTest && testsMayImport.includes(to)));
    expect(wrong.map(({ path, to }) => `${path} imports ${to}`)).toEqual([]);
  });

  it('declare in their package.json whom they import, and nobody else of ours', () => {
    for (const { name, dependencies = {}, devDependencies = {} } of packages().values()) {
      const declared = Object.keys({ ...dependencies, ...devDependencies }).filter((dependency) => dependency.startsWith('@molo/'));
      const imported = new Set(edges.filter(({ from }) => from === name).map(({ to }) => to));
      expect(declared.toSorted(), `dependencies of ${name}`).toEqual([...imported].toSorted());
    }
  });

  it('are libs only where two others import them', () => {
    for (const [folder, { name }] of packages()) {
      if (!folder.startsWith('libs/')) continue;
      expect(new Set(edges.filter(({ to }) => to === name).map(({ from }) => from)).size, `importers of ${name}`).toBeGreaterThanOrEqual(2);
    }
  });
});
