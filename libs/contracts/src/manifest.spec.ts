import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationSeconds, ManifestFile, MemorySize } from './manifest.js';

const digits = fc.oneof(fc.nat({ max: 5000 }).map(String), fc.constantFrom('0', '0.0', '00', '1e3', '9'.repeat(400), '-1', '.5', '1.', '1.5.5', '٣', '0x10', ''));
const written = (units: readonly string[]) => fc.tuple(fc.constantFrom('', ' ', '\n'), digits, fc.constantFrom('', ' ', '  '), fc.constantFrom(...units, 'x', 'MM', '')).map((parts) => parts.join(''));

describe('sizes', () => {
  it('are whole numbers of bytes that Docker takes, or errors', () => {
    fc.assert(
      fc.property(fc.oneof(written(['K', 'M', 'G', 'k', 'MB', 'MiB']), fc.string(), fc.double(), fc.jsonValue()), (value) => {
        const { data } = MemorySize.safeParse(value);
        if (data === undefined) return;
        expect(Number.isSafeInteger(data)).toBe(true);
        expect(data).toBeGreaterThanOrEqual(6 * 1024 ** 2);
      }),
      { numRuns: 1000 },
    );
  });

  it('mean what they say', () => {
    fc.assert(fc.property(fc.integer({ min: 6, max: 16_384 }), (count) => {
      expect([MemorySize.parse(`${count}M`), MemorySize.parse(`${count} GiB`)]).toEqual([count * 1024 ** 2, count * 1024 ** 3]);
    }));
  });

  it.each(['0M', '0.001K', '5M', 1])('that no container can have are refused: %j', (value) => {
    expect(MemorySize.safeParse(value).success).toBe(false);
  });

  it('of CPU that round to none are refused', () => {
    expect(ManifestFile.safeParse({ resources: { web: { cpu: 1e-9 } } }).success).toBe(false);
    expect(ManifestFile.safeParse({ resources: { web: { cpu: 0.01 } } }).success).toBe(true);
  });
});

describe('spans of time', () => {
  it('are seconds that a timer can count, or errors', () => {
    fc.assert(
      fc.property(fc.oneof(written(['ms', 's', 'm', 'h']), fc.string(), fc.double(), fc.jsonValue()), (value) => {
        const { data } = DurationSeconds.safeParse(value);
        if (data !== undefined) expect(data >= 0 && data <= 86_400).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('mean what they say', () => {
    fc.assert(fc.property(fc.nat({ max: 24 }), (count) => {
      expect([DurationSeconds.parse(`${count}h`), DurationSeconds.parse(`${count}m`), DurationSeconds.parse(`${count}s`)]).toEqual([count * 3600, count * 60, count]);
    }));
  });

  it.each(['interval', 'timeout', 'start'])('that leave a health check no time are refused: %s', (key) => {
    for (const none of ['0s', '0', 0, '1ms', -1]) expect(ManifestFile.safeParse({ health: { [key]: none } }).success).toBe(false);
    expect(ManifestFile.safeParse({ health: { [key]: '10ms' } }).success).toBe(true);
  });

  it.each(['drain', 'stop', 'settle'])('of none at all are taken where they mean at once, or never: %s', (key) => {
    expect(ManifestFile.safeParse({ [key]: '0s' }).success).toBe(true);
    expect(ManifestFile.safeParse({ [key]: -1 }).success).toBe(false);
  });
});
