import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createZstdCompress, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unpackSource } from './source-download.js';

let folder: string;
let file: string;
const never = new AbortController().signal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'molo-source-'));
  file = join(folder, 'source.tar');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const inPieces = (bytes: Buffer) => Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]);

it('unpacks what was pushed', async () => {
  const blob = zstdCompressSync('a tree');
  await unpackSource(inPieces(blob), digestOf(blob), file, never);
  expect(readFileSync(file, 'utf8')).toBe('a tree');
});

it('refuses a blob of some kilobytes that unpacks to gigabytes, at a limit, and keeps nothing of it', async () => {
  const zeros = Readable.from((function* () {
    for (let megabytes = 0; megabytes < 2000; megabytes++) yield Buffer.alloc(1024 ** 2);
  })());
  const bomb = Buffer.concat(await zeros.pipe(createZstdCompress()).toArray());
  expect(bomb.length).toBeLessThan(300_000);
  await expect(unpackSource(inPieces(bomb), digestOf(bomb), file, never, 20 * 1024 ** 2)).rejects.toMatchObject({ code: 'source_too_large', detail: expect.stringContaining('more than 20 MB') as string });
  expect(existsSync(file)).toBe(false);
});

it('names what is not the one that was pushed, or no archive at all, and keeps nothing of it', async () => {
  const blob = zstdCompressSync('another tree');
  await expect(unpackSource(inPieces(blob), digestOf(Buffer.from('x')), file, never)).rejects.toMatchObject({ code: 'blob_damaged' });
  await expect(unpackSource(inPieces(Buffer.from('no archive')), digestOf(blob), file, never)).rejects.toMatchObject({ code: 'blob_damaged', detail: expect.stringContaining(digestOf(blob)) as string });
  await expect(unpackSource(inPieces(blob.subarray(0, -3)), digestOf(blob), file, never)).rejects.toMatchObject({ code: 'blob_damaged' });
  expect(existsSync(file)).toBe(false);
});

it('says so where the disk does not hold it, and keeps nothing of it', async () => {
  symlinkSync('/dev/full', file);
  const blob = zstdCompressSync('a tree');
  await expect(unpackSource(inPieces(blob), digestOf(blob), file, never)).rejects.toMatchObject({ code: 'build_out_of_disk' });
  expect(readdirSync(folder)).toEqual([]);
});
