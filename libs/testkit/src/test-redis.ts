import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import './provided.js';

export interface TestRedis {
  readonly url: string;
  /** Starts all keys of one test, so that tests share a Redis and never each other's keys. */
  readonly prefix: string;
}

/** The run's Redis, and a key prefix that nobody else has. */
export function testRedis(): TestRedis {
  return { url: inject('moloRedisUrl'), prefix: `molo-test-${inject('moloRunId')}-${randomBytes(4).toString('hex')}` };
}
