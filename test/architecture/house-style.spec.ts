import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTest, sourceFiles } from './workspace.js';

const files = sourceFiles();
const ours = files.filter(({ path }) => !isTest(path));
const paths = (found: readonly { path: string }[]) => found.map(({ path }) => path);

const readsEnvironment = /\bprocess\s*(\.\s*env\b|\[)|\benv\b[^;\n]*(= process\b|from 'node:process')/;
/** What is run on an installed checkout alone; a command reaches it by `await import` once set-up is over. */
const late = ['demo', 'bench'];

/** The way in runs before anything else is there, and so reads its own environment. */
const bootstrap = 'infra/bootstrap.mjs';

describe('source files', () => {
  it('are seen', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it('read process.env in config.ts alone', () => {
    const readers = ours.filter(({ path, text, owner }) => readsEnvironment.test(text) && basename(path) !== 'config.ts' && owner !== '@molo/testkit' && path !== bootstrap);
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
    const setUp = ours.filter(({ path, owner }) => owner === 'infra' && !late.some((folder) => path.startsWith(`infra/${folder}/`)));
    expect(setUp.length).toBeGreaterThan(20);
    const foreign = setUp.flatMap(({ path, imports }) => imports.filter((imported) => !imported.startsWith('node:') && !imported.startsWith('.')).map((imported) => `${path} imports ${imported}`));
    expect(foreign).toEqual([]);
    const early = setUp.flatMap(({ path, text }) => late.filter((folder) => new RegExp(`^(import|export) .*/${folder}/`, 'm').test(text)).map((folder) => `${path} imports ${folder}`));
    expect(early).toEqual([]);
  });
});
