import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTest, sourceFiles } from './workspace.js';

const files = sourceFiles();
const ours = files.filter(({ path }) => !isTest(path));
const paths = (found: readonly { path: string }[]) => found.map(({ path }) => path);

/** The way in runs before anything else is there, and so reads its own environment. */
const bootstrap = 'infra/bootstrap.mjs';

describe('source files', () => {
  it('are seen', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it('read process.env in config.ts alone', () => {
    const readers = ours.filter(({ path, text, owner }) => /\bprocess\.env\b/.test(text) && basename(path) !== 'config.ts' && owner !== '@molo/testkit' && path !== bootstrap);
    expect(paths(readers)).toEqual([]);
  });

  it('are named after the one thing inside', () => {
    const vague = /(^|\/)(utils?|common|shared|helpers?|misc)(\/|\.|$)/;
    expect(paths(files.filter(({ path }) => vague.test(path)))).toEqual([]);
  });

  it('have names in kebab-case', () => {
    const odd = files.filter(({ path }) => !/^\[?[a-z0-9]+([.-][a-z0-9]+)*\]?\.(ts|tsx|mjs|js)$/.test(basename(path)));
    expect(paths(odd)).toEqual([]);
  });

  it('of set-up stand on Node alone: they run before any package is installed', () => {
    const setUp = ours.filter(({ path, owner }) => owner === 'infra' && !path.startsWith('infra/demo/'));
    const foreign = setUp.flatMap(({ path, imports }) => imports.filter((imported) => !imported.startsWith('node:') && !imported.startsWith('.')).map((imported) => `${path} imports ${imported}`));
    expect(foreign).toEqual([]);
    const early = setUp.filter(({ text }) => /^import .*\/demo\//m.test(text));
    expect(paths(early)).toEqual([]);
  });
});
