import { describe, expect, it } from 'vitest';
import { appendLines, emptyLog, onlySource } from './log-buffer';

function lines(count: number, source = 'build') {
  return Array.from({ length: count }, (_, index) => ({ at: '2026-01-01T00:00:00.000Z', source, text: `line ${index}`, tone: 'plain' as const }));
}

describe('the lines of a log', () => {
  it('keeps full chunks as they are, so that they are drawn once', () => {
    const before = appendLines(emptyLog, lines(150));
    const after = appendLines(before, lines(100));
    expect(after.chunks.map((chunk) => chunk.lines.length)).toEqual([100, 100, 50]);
    expect(after.chunks[0]).toBe(before.chunks[0]);
    expect(after.chunks[1]).not.toBe(before.chunks[1]);
    expect(after.chunks[1]?.id).toBe(before.chunks[1]?.id);
    expect(before.chunks[1]?.lines).toHaveLength(50);
  });

  it('numbers lines without a gap over every chunk', () => {
    const ids = appendLines(appendLines(emptyLog, lines(120)), lines(130)).chunks.flatMap((chunk) => chunk.lines.map((line) => line.id));
    expect(ids).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it('stays bounded and counts what it let go', () => {
    const buffer = appendLines(emptyLog, lines(25_000));
    expect(buffer.length).toBeLessThanOrEqual(10_000);
    expect(buffer.length + buffer.dropped).toBe(25_000);
    expect(buffer.chunks.at(-1)?.lines.at(-1)?.text).toBe('line 24999');
  });

  it('cuts a line without an end', () => {
    const buffer = appendLines(emptyLog, [{ at: '2026-01-01T00:00:00.000Z', source: 'web.1', text: 'x'.repeat(10_000_000), tone: 'plain' }]);
    expect(buffer.chunks[0]?.lines[0]?.text.length).toBeLessThan(9_000);
  });

  it('shows one source alone', () => {
    const buffer = onlySource(appendLines(appendLines(emptyLog, lines(3, 'build')), lines(2, 'web.1')), 'web.1');
    expect(buffer.chunks.flatMap((chunk) => chunk.lines.map((line) => line.source))).toEqual(['web.1', 'web.1']);
  });
});
