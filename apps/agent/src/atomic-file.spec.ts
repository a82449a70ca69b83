import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeDrafts, writeWhole } from './atomic-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'molo-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('replaces a file, which its owner alone can read', async () => {
  const file = join(folder, 'sub/file');
  await writeWhole(file, 'one');
  await writeWhole(file, 'two');
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777, readdirSync(join(folder, 'sub'))]).toEqual(['two', 0o600, ['file']]);
});

it('leaves nothing beside a file that cannot be replaced', async () => {
  mkdirSync(join(folder, 'file/content'), { recursive: true });
  await expect(writeWhole(join(folder, 'file'), 'one')).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['file']);
});

it('removes what a program that was killed left of its writing, and nothing else', async () => {
  for (const name of ['file', 'file.4711.new', 'file.12.new', 'brand.new']) writeFileSync(join(folder, name), 'content');
  await removeDrafts([join(folder, 'nowhere'), folder]);
  expect(readdirSync(folder).toSorted()).toEqual(['brand.new', 'file']);
});
