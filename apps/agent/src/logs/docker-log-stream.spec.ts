import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { logLines, longestLineBytes, type LogLine } from './docker-log-stream.js';

const at = '2026-01-02T03:04:05.000000001Z';

function frame(stream: 1 | 2, time: string, text: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(`${time} `), Buffer.from(text)]);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

async function read(chunks: readonly Buffer[]): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const batch of logLines(Readable.from(chunks))) lines.push(...batch);
  return lines;
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted((a, b) => a - b);
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

it('reads the same lines however the bytes are cut on their way', async () => {
  const texts = fc.array(fc.record({ stream: fc.constantFrom<1 | 2>(1, 2), text: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat(2000), { maxLength: 10 }), async (lines, places) => {
      const whole = Buffer.concat(lines.map(({ stream, text }) => frame(stream, at, `${text}\n`)));
      const expected = lines.map(({ stream, text }) => ({ at, stream: stream === 2 ? 'stderr' : 'stdout', text: Buffer.from(text).toString() }));
      expect(await read(cut(whole, places))).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

it('puts together a line that the engine sent in parts, while the other stream goes on', async () => {
  const lines = await read([frame(1, at, 'one '), frame(2, at, 'other\n'), frame(1, at, 'line\n')]);
  expect(lines.map((line) => [line.stream, line.text])).toEqual([
    ['stderr', 'other'],
    ['stdout', 'one line'],
  ]);
});

it('splits a line that is too long, between two characters', async () => {
  const text = 'é'.repeat(longestLineBytes);
  const lines = await read([frame(1, at, `x${text}\n`)]);
  expect(lines.map((line) => line.text).join('')).toBe(`x${text}`);
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line.text)))).toBeLessThanOrEqual(longestLineBytes);
});

it('keeps no more of an endless line than the longest line', async () => {
  const part = Buffer.alloc(16 * 1024, 'a');
  const lines = await read(Array.from({ length: 20 }, () => frame(1, at, part)));
  expect(lines.map((line) => line.text.length).reduce((sum, each) => sum + each, 0)).toBe(20 * part.length);
  expect(lines.length).toBeGreaterThan(4);
});

it('gives the last line of a process that ended without a newline', async () => {
  expect((await read([frame(1, at, 'bye')])).map((line) => line.text)).toEqual(['bye']);
});

it('reads any bytes to their end, and makes no more text of them than there is', async () => {
  const hostile = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.array(fc.oneof(fc.constant(frame(1, at, 'x\n')), fc.constant(frame(2, '', '')), fc.constant(Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])), fc.constant(Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])), fc.constant(Buffer.from([1, 0, 0, 0, 0, 0, 0, 2, 0x61, 0x0a]))), { maxLength: 6 }).map((parts) => Buffer.concat(parts)));
  await fc.assert(
    fc.asyncProperty(hostile, async (bytes) => {
      const lines = await read([Buffer.from(bytes)]);
      expect(lines.reduce((sum, line) => sum + line.text.length, 0)).toBeLessThanOrEqual(bytes.length);
      expect(lines.every((line) => ['stdout', 'stderr'].includes(line.stream))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
