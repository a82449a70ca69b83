import { describe, expect, it } from 'vitest';
import { instantOf, localTime } from './local-time';

describe('a time of the filter', () => {
  it.each(['2026-01-31T08:00:00Z', '2026-07-31T23:59:07Z', '2028-02-29T00:00:00Z'])('is the same instant in the field as in the address: %s', (instant) => {
    expect(instantOf(localTime(instant))).toBe(instant);
  });

  it('has no seconds in the field where it has none, and is nothing where it is no time', () => {
    expect(localTime('2026-01-31T08:00:00+01:00')).toMatch(/^2026-01-3\dT\d\d:\d\d$/);
    expect([localTime('yesterday'), instantOf('')]).toEqual(['', '']);
  });
});
