import { describe, expect, it } from 'vitest';
import type { Moment } from './story';
import { ticks, waterfall } from './waterfall';

const origin = Date.parse('2026-01-01T00:00:00.000Z');
const at = (ms: number) => new Date(origin + ms).toISOString();

const start: Moment[] = [
  { kind: 'state', at: at(0), state: 'queued' },
  { kind: 'build', at: at(2), state: 'queued' },
  { kind: 'build', at: at(10), state: 'building' },
  { kind: 'step', at: at(15), step: 'plan', text: 'Node 24 detected' },
  { kind: 'build', at: at(300), state: 'pushing' },
  { kind: 'build', at: at(400), state: 'succeeded' },
  { kind: 'step', at: at(402), step: 'release', text: 'Release v3' },
  { kind: 'state', at: at(405), state: 'placing' },
  { kind: 'state', at: at(410), state: 'starting' },
];

describe('the waterfall of a deployment', () => {
  it('gives each phase its own time and its own steps', () => {
    const { bars, totalMs, running } = waterfall([...start, { kind: 'state', at: at(700), state: 'live' }], at(0), origin + 9_999);
    expect(bars.map((bar) => [bar.phase, bar.startMs, bar.endMs, bar.steps.length])).toEqual([
      ['queued', 0, 10, 0],
      ['building', 10, 300, 1],
      ['pushing', 300, 400, 0],
      ['releasing', 400, 405, 1],
      ['placing', 405, 410, 0],
      ['starting', 410, 700, 0],
    ]);
    expect([totalMs, running]).toEqual([700, false]);
  });

  it('lets the phase that runs grow with the time', () => {
    const { bars, totalMs, running } = waterfall(start, at(0), origin + 1_500);
    expect(bars.at(-1)).toMatchObject({ phase: 'starting', endMs: 1_500, status: 'running' });
    expect([totalMs, running]).toEqual([1_500, true]);
  });

  it('goes on behind its end with the death of an instance while the release settled', () => {
    const died: Moment[] = [{ kind: 'step', at: at(5_000), step: 'settling.failed', text: 'web.1 ended' }, { kind: 'step', at: at(5_010), step: 'settling.undone', text: 'Rolling back to v1' }];
    const { bars, totalMs } = waterfall([...start, { kind: 'state', at: at(700), state: 'live' }, ...died, { kind: 'state', at: at(6_000), state: 'superseded' }], at(0), origin + 9_999);
    expect(bars.slice(-2)).toMatchObject([
      { phase: 'starting', endMs: 700, status: 'done', steps: [] },
      { phase: 'settling', startMs: 700, endMs: 5_010, status: 'failed', steps: [{ text: 'web.1 ended' }, { text: 'Rolling back to v1' }] },
    ]);
    expect(totalMs).toBe(5_010);
  });

  it('shows in which phase it failed', () => {
    const { bars } = waterfall([...start, { kind: 'state', at: at(900), state: 'failed' }], at(0), origin);
    expect(bars.at(-1)).toMatchObject({ phase: 'starting', endMs: 900, status: 'failed' });
    expect(bars.filter((bar) => bar.status === 'failed')).toHaveLength(1);
  });

  it('lets the image be stored beside the start, and shows which of them failed', () => {
    const beside: Moment[] = [...start.slice(0, 5), { kind: 'state', at: at(305), state: 'placing' }, { kind: 'state', at: at(310), state: 'starting' }];
    const stored: Moment[] = [...beside, { kind: 'build', at: at(450), state: 'succeeded' }, { kind: 'state', at: at(700), state: 'live' }];
    expect(waterfall(stored, at(0), origin).bars.map((bar) => [bar.phase, bar.startMs, bar.endMs, bar.status])).toEqual([
      ['queued', 0, 10, 'done'],
      ['building', 10, 300, 'done'],
      ['pushing', 300, 450, 'done'],
      ['placing', 305, 310, 'done'],
      ['starting', 310, 700, 'done'],
    ]);
    expect(waterfall(beside, at(0), origin + 400).bars.filter((bar) => bar.status === 'running').map((bar) => [bar.phase, bar.endMs])).toEqual([['pushing', 400], ['starting', 400]]);
    const failed: Moment[] = [...beside, { kind: 'build', at: at(450), state: 'failed' }, { kind: 'state', at: at(460), state: 'failed' }];
    expect(waterfall(failed, at(0), origin).bars.filter((bar) => bar.status === 'failed').map((bar) => [bar.phase, bar.endMs])).toEqual([['pushing', 450]]);
  });

  it('keeps the failing phase when the build is what failed', () => {
    const { bars } = waterfall([...start.slice(0, 4), { kind: 'build', at: at(200), state: 'failed' }, { kind: 'state', at: at(204), state: 'failed' }], at(0), origin);
    expect(bars.at(-1)).toMatchObject({ phase: 'building', endMs: 204, status: 'failed' });
  });

  it('counts steps told after the end, such as those of the receipt', () => {
    const { totalMs } = waterfall([...start, { kind: 'state', at: at(700), state: 'live' }, { kind: 'step', at: at(720), step: 'receipt', text: 'Receipt' }], at(0), origin);
    expect(totalMs).toBe(720);
  });

  it('never runs backwards when clocks differ', () => {
    const { bars } = waterfall([{ kind: 'state', at: at(-50), state: 'queued' }, { kind: 'state', at: at(10), state: 'placing' }], at(0), origin - 1_000);
    expect(bars.every((bar) => bar.endMs >= bar.startMs && bar.startMs >= 0)).toBe(true);
  });
});

describe('the scale of a waterfall', () => {
  it.each([[1], [80], [700], [1_500], [95_000]])('has a few round marks in %d ms', (total) => {
    const marks = ticks(total);
    expect(marks[0]).toBe(0);
    expect(marks.length).toBeGreaterThanOrEqual(1);
    expect(marks.length).toBeLessThanOrEqual(6);
    expect(marks.every((mark) => mark <= total)).toBe(true);
  });
});
