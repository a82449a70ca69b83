import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ManifestFile } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = globSync(['README.md', 'docs/**/*.md', 'infra/README.md', '{apps,libs,test}/**/README.md'], { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist|\.next)$/.test(path) });

describe('the docs', () => {
  it('hold the endpoints, commands, exit codes and the schema of molo.yml as they are', async () => {
    const run = promisify(execFile);
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'apps/cli')]);
    const { stdout, stderr } = await run(process.execPath, [join(root, 'docs/generate/generate.ts'), '--check']).catch((error: { stdout: string; stderr: string }) => error);
    expect(stdout + stderr).toBe('');
  });

  it('show no molo.yml that Molo would refuse', () => {
    const examples = [...read('docs/molo-yml.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
    expect(examples.length).toBeGreaterThan(2);
    for (const example of examples) expect(ManifestFile.safeParse(parse(example)).error, example).toBeUndefined();
  });

  it('tell every key of molo.yml and none besides', () => {
    const told = [...read('docs/molo-yml.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, key]) => key ?? '');
    expect(new Set(told)).toEqual(new Set(keysOf(z.toJSONSchema(ManifestFile, { io: 'input' }))));
  });

  it('tell every setting that a program reads', () => {
    const names: string[] = globSync('{apps/*/src,infra}/config.ts', { cwd: root }).flatMap((path) => read(path).match(/\bMOLO_[A-Z_]+\b/g) ?? []);
    expect(names.length).toBeGreaterThan(20);
    const settings = read('docs/settings.md');
    // How npm was started is handed from one script to the next, never by people.
    expect([...new Set(names)].filter((name) => name !== 'MOLO_NPM' && !settings.includes(`\`${name}\``))).toEqual([]);
  });

  it('link to what is there', () => {
    const links = pages.flatMap((page) => [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => ({ page, target: target ?? '' })));
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });
});

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema | boolean;
}

/** `health.path`; `resources.TYPE.memory`, where any key may stand. */
function keysOf(schema: unknown, before = ''): string[] {
  const { properties = {}, additionalProperties } = schema as Schema;
  const named = Object.entries(properties).flatMap(([name, inner]) => {
    const deeper = keysOf(inner, `${before}${name}.`);
    return deeper.length > 0 ? deeper : [`${before}${name}`];
  });
  const open = typeof additionalProperties === 'object' ? keysOf(additionalProperties, `${before}TYPE.`) : [];
  return [...named, ...open];
}
