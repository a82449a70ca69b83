import { AppError } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMoloYml } from './molo-yml.js';

function problemOf(text: string): AppError {
  try {
    parseMoloYml(text);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('molo.yml', () => {
  it('keeps the version as it is written, though YAML takes 1.0 for the number 1', () => {
    expect(parseMoloYml('version: 1.0').version).toBe('1.0');
    expect(parseMoloYml('version: "2.10"').version).toBe('2.10');
  });

  it('understands sizes and spans of time', () => {
    const file = parseMoloYml('drain: 5s\nstop: 500ms\nresources:\n  web:\n    memory: 256M\n    cpu: 0.5\n');
    expect(file).toMatchObject({ drain: 5, stop: 0.5, resources: { web: { memory: 256 * 1024 ** 2, cpu: 0.5 } } });
  });

  it('takes an empty file for one that asks for nothing', () => {
    expect(parseMoloYml('')).toEqual({});
    expect(parseMoloYml('# nothing yet\n')).toEqual({});
  });

  it('names line and column of an unknown key and the key that was likely meant', () => {
    const problem = problemOf('port: 3000\nhealth:\n  path: /\n  intervall: 1s\n');
    expect(problem.code).toBe('manifest_invalid');
    expect(problem.detail).toBe('molo.yml:4:3: unknown key "health.intervall"; did you mean "interval"?');
  });

  it.each([
    ['a health path that no request can carry', 'health:\n  path: "/a b"\n', 'molo.yml:2:3: "health.path" must be visible ASCII'],
    ['a health path that would add a header', 'health:\n  path: "/\\r\\nX-Evil: 1"\n', 'molo.yml:2:3: "health.path" must be visible ASCII'],
    ['a span that no timer can count', 'drain: 1000h\n', 'molo.yml:1:1: "drain" must be at most 24h'],
    ['a check that may take no time', 'health:\n  timeout: 0s\n', 'molo.yml:2:3: "health.timeout" must be at least 10ms'],
    ['a start that no timer can count', 'health:\n  start: 3000000\n', 'molo.yml:2:3: "health.start" must be at most 24h'],
    ['more memory than a number can hold', 'resources:\n  web:\n    memory: 99999999999999999999G\n', 'molo.yml:3:5: "resources.web.memory" must be at most'],
    ['a version that the database cannot keep', 'version: "1\\0"\n', 'molo.yml:1:1: "version" must not hold'],
    ['a version that is more than a line', 'version: "1\\n2"\n', 'molo.yml:1:1: "version" must not hold'],
    ['a command with a NUL', 'processes:\n  web: "a\\0b"\n', 'molo.yml:2:3: "processes.web" must not hold a NUL'],
    ['a process type that every object has', 'processes:\n  constructor: a\n', 'is reserved'],
    ['a build secret that is no config key', 'build:\n  secrets: ["a b"]\n', 'must be letters, digits and underscores'],
  ])('refuses %s before anything is built', (_, text, told) => {
    const problem = problemOf(text);
    expect(problem.code).toBe('manifest_invalid');
    expect(problem.detail).toContain(told);
  });

  it('lists the known keys where none is near', () => {
    expect(problemOf('build:\n  xyzzy: 1\n').detail).toContain('known keys: dockerfile, packages');
  });

  it('tells every wrong value at once, each with its place', () => {
    const problem = problemOf('port: eighty\nresources:\n  web:\n    memory: lots\nhealth:\n  path: health\n');
    expect(problem.errors?.map(({ path }) => path)).toEqual(['molo.yml:1:1', 'molo.yml:6:3', 'molo.yml:4:5']);
  });

  it('names the place of broken YAML', () => {
    expect(problemOf('port: 3000\nhealth: {\n').detail).toMatch(/^molo\.yml:[23]:\d+: /);
    expect(problemOf('port: 1\nport: 2\n').detail).toMatch(/^molo\.yml:2:1: .*unique/);
    expect(problemOf('port: 1\n? [a]\n: 2\n').detail).toBe('molo.yml:2:1: has a "?" before a key; write it as "key: value"');
  });

  it('says of a least value whether it is one that may be', () => {
    expect(problemOf('resources:\n  web:\n    cpu: -1\n').detail).toContain('"resources.web.cpu" must be at least 0.01');
    expect(problemOf('resources:\n  web:\n    memory: -1\n').detail).toContain('"resources.web.memory" must be more than 0');
    expect(problemOf('port: 0\n').detail).toContain('"port" must be at least 1');
  });

  it('names the place inside a list', () => {
    expect(problemOf('build:\n  packages:\n    - imagemagick\n    - Bad Name\n').detail).toBe('molo.yml:4:7: "build.packages.1" must be the name of a Debian package');
  });

  it('does not take a list or a word for the whole file', () => {
    expect(problemOf('- a\n- b\n').code).toBe('manifest_invalid');
    expect(problemOf('hello').code).toBe('manifest_invalid');
  });

  it('is not blown up by aliases of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`)].join('\n');
    expect(problemOf(bomb).code).toBe('manifest_invalid');
  });

  it('answers any text with a file or with manifest_invalid', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.json(), fc.array(fc.constantFrom('port: 1', 'health:', '  path: /', '- x', '&a', '*a', '? b', '!!js/function x', '\t'), { maxLength: 8 }).map((lines) => lines.join('\n'))), (text) => {
        try {
          parseMoloYml(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('manifest_invalid');
        }
      }),
      { numRuns: 500 },
    );
  });
});
