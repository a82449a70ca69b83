import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { EngineLines, engineTime, longestLineChars, type LogLine } from './engine-lines.js';

const time = '2026-01-02T03:04:05.00012Z';

function entry(log: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
  return `${JSON.stringify({ log, stream, time })}\n`;
}

function read(chunks: readonly Buffer[]): LogLine[] {
  const lines = new EngineLines();
  return [...chunks.flatMap((chunk) => lines.take(chunk)), ...lines.end()];
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted((a, b) => a - b);
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

it('reads the same lines however the bytes are cut on their way', () => {
  const said = fc.array(fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), text: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')) }), { maxLength: 8 });
  fc.assert(
    fc.property(said, fc.array(fc.nat(2000), { maxLength: 10 }), (lines, places) => {
      const whole = Buffer.from(lines.map(({ stream, text }) => entry(`${text}\n`, stream)).join(''));
      expect(read(cut(whole, places))).toEqual(lines.map(({ stream, text }) => ({ at: '2026-01-02T03:04:05.000120000Z', stream, text: Buffer.from(text).toString() })));
    }),
    { numRuns: 300 },
  );
});

it('puts together a line that the engine wrote in parts, while the other stream goes on', () => {
  const lines = read([Buffer.from(entry('one ') + entry('other\n', 'stderr') + entry('line\r\n'))]);
  expect(lines.map((line) => [line.stream, line.text])).toEqual([
    ['stderr', 'other'],
    ['stdout', 'one line'],
  ]);
});

it('splits a line that is too long, between two characters', () => {
  const text = `x${'😀'.repeat(longestLineChars)}`;
  const lines = read([Buffer.from(entry(`${text}\n`))]);
  expect(lines.map((line) => line.text).join('')).toBe(text);
  expect(Math.max(...lines.map((line) => line.text.length))).toBeLessThanOrEqual(longestLineChars);
  expect(lines.every((line) => Buffer.from(line.text).toString() === line.text)).toBe(true);
});

it('keeps no more of an endless line than the longest line', () => {
  const lines = new EngineLines();
  const taken = Array.from({ length: 20 }, () => lines.take(Buffer.from(entry('a'.repeat(16 * 1024))))).flat();
  expect(taken.length).toBe(4);
});

it('leaves out what is no entry, whatever bytes it is made of', () => {
  const hostile = fc.oneof(fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)), fc.constantFrom('null\n', '[]\n', '{"log":1}\n', '{"log":"a","stream":"x","time":"y"}\n', '{"log":"', '\n\n').map((text) => Buffer.from(text)));
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 8 }), (parts) => {
      expect(read([...parts, Buffer.from(`\n${entry('whole\n')}`)]).at(-1)?.text).toBe('whole');
    }),
    { numRuns: 300 },
  );
});

it('knows how the engine writes a time', () => {
  expect(['2026-01-02T03:04:05.000120000Z', '2026-01-02T03:04:10.000000000Z', '2026-01-02T03:04:05.123456789Z'].map(engineTime)).toEqual(['2026-01-02T03:04:05.00012Z', '2026-01-02T03:04:10Z', '2026-01-02T03:04:05.123456789Z']);
});
