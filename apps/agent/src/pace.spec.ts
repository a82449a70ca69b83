import { expect, it } from 'vitest';
import { Pace } from './pace.js';

it('lets the first ones happen at once, and those that go on and on one in each interval', () => {
  const pace = new Pace(3, 100);
  expect([0, 0, 0].map((now) => pace.next(now))).toEqual([0, 0, 0]);
  let now = 0;
  for (let count = 0; count < 20; count += 1) now += pace.next(now);
  expect(now).toBeCloseTo(2000);
});

it('lets the first ones happen at once again after a rest, and no more than those', () => {
  const pace = new Pace(3, 100);
  for (let count = 0; count < 3; count += 1) pace.next(0);
  expect([5000, 5000, 5000].map((now) => pace.next(now))).toEqual([0, 0, 0]);
  expect(pace.next(5000)).toBeCloseTo(100);
});
