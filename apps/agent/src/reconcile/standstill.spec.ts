import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Standstill } from './standstill.js';

let standstill: Standstill;
let answer: Promise<void>;
let resolve: () => void;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  standstill = new Standstill(pino({ level: 'silent' }));
  answer = new Promise((done) => (resolve = done));
  asked = 0;
  standstill.start(() => {
    asked += 1;
    return answer;
  });
});
afterEach(() => {
  standstill.onModuleDestroy();
  vi.useRealTimers();
});

it('lets everybody wait after a standstill until the desired set was read once', async () => {
  vi.advanceTimersByTime(90_000);
  const passed: string[] = [];
  const all = Promise.all(['one', 'two'].map(async (name) => {
    await standstill.over();
    passed.push(name);
  }));
  await new Promise(setImmediate);
  expect([asked, passed]).toEqual([1, []]);
  resolve();
  await all;
  await standstill.over();
  expect([asked, passed]).toEqual([1, ['one', 'two']]);
});

it('lets them go on when the control plane does not answer', async () => {
  vi.advanceTimersByTime(90_000);
  answer = Promise.reject(new Error('gone'));
  await standstill.over();
  expect(asked).toBe(1);
});

it('holds nobody up who only had to wait a moment', async () => {
  vi.advanceTimersByTime(4000);
  await standstill.over();
  expect(asked).toBe(0);
});
