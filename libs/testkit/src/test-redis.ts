import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import './provided.js';

/** The Redis of the run; tests share it and keep apart by their prefixes. */
export function testRedisUrl(): string {
  return inject('moloRedisUrl');
}

/** A name that no other test and no other run has: starts the Redis keys, queues, containers or files of one test. */
export function uniquePrefix(): string {
  return `molo-test-${inject('moloRunId')}-${randomBytes(4).toString('hex')}`;
}
