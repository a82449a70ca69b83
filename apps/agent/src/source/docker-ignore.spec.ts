import { AppError } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dockerIgnore } from './docker-ignore.js';

describe('.dockerignore', () => {
  // What moby's own tests of its pattern matcher hold for true, and what people of this field trip over.
  it.each([
    ['**', 'file', true],
    ['**', 'dir/file', true],
    ['**/', 'file', true],
    ['**/**', 'dir/file', true],
    ['dir/**', 'dir/file', true],
    ['dir/**', 'dir', false],
    ['**/file', 'dir/dir/file', true],
    ['**/dir2/*', 'dir/dir2/dir2/file', true],
    ['**/dir2/**', 'dir/dir2/file', true],
    ['**file', 'dir/file', true],
    ['**/file*txt', 'dir/dir/file.txt', true],
    ['**/**/*.txt', 'dir/dir/file.txt', true],
    ['a**/*.txt', 'a/file.txt', true],
    ['a/*.txt', 'a/b/file.txt', false],
    ['a[b-d]e', 'ace', true],
    ['a[^b-d]e', 'aze', true],
    ['a[^b-d]e', 'ace', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['.*', '.env', true],
    ['.*', 'env', false],
    ['abc.def', 'abcdef', false],
    ['node_modules', 'node_modules/x/index.js', true],
    ['node_modules', 'web/node_modules/x', false],
    ['**/node_modules', 'web/node_modules/x', true],
    ['/build/', 'build/out.js', true],
    ['app/(auth)', 'app/(auth)/page.tsx', true],
    ['a+b', 'a+b', true],
    ['a|b', 'b', false],
    ['# note', '# note', false],
  ])('with %j: %j is left out: %j', (pattern, path, isLeftOut) => {
    expect(dockerIgnore(pattern)(path)).toBe(isLeftOut);
  });

  it('lets the last line that fits decide', () => {
    const leavesOut = dockerIgnore('*.md\n!README.md\nREADME-secret.md\n');
    expect(['a.md', 'README.md', 'README-secret.md'].map(leavesOut)).toEqual([true, false, true]);
  });

  it('keeps files out whose names every object has', () => {
    expect(['constructor', 'toString', '__proto__'].map(dockerIgnore('*'))).toEqual([true, true, true]);
  });

  it.each([
    ['a regular expression', '(a+)+$'],
    ['many stars', '*a'.repeat(200)],
    ['many double stars', '**/a'.repeat(200)],
  ])('takes no longer for %s than the lengths of pattern and path allow', (_, pattern) => {
    const startedAt = performance.now();
    dockerIgnore(pattern)('a'.repeat(1000));
    dockerIgnore(pattern)('a/'.repeat(500));
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it.each(['[', 'a\\', '[]', 'a'.repeat(5000)])('refuses a pattern that means nothing (%#) and names its line', (pattern) => {
    expect(() => dockerIgnore(`ok\n${pattern}`)).toThrow(/source_invalid: \.dockerignore: line 2 /);
  });

  it('answers any patterns and paths with yes or no, or with source_invalid', () => {
    const alphabet = fc.constantFrom('*', '**', '/', '?', '[', ']', '-', '^', '\\', '!', 'a', '.', '(', '+', '\n', ' ', '..');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), fc.array(fc.constantFrom('a', '/', '.', '(', '\n', '\ud83d'), { maxLength: 12 }), (pattern, path) => {
        try {
          expect(typeof dockerIgnore(pattern.join(''))(path.join(''))).toBe('boolean');
        } catch (error) {
          expect((error as AppError).code).toBe('source_invalid');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a path as a pattern for that path and what is below it', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'B', '.', '-', '(', '+', '$', '{', 'é', '😀'), minLength: 1, maxLength: 6 }).filter((text) => !/^\.+$/.test(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), name, (folders, below) => {
        const path = folders.join('/');
        const leavesOut = dockerIgnore(path);
        expect([leavesOut(path), leavesOut(`${path}/${below}`), leavesOut(`${path}${below}`)]).toEqual([true, true, false]);
      }),
    );
  });
});
