import { Redis, type RedisOptions } from 'ioredis';

const longestReconnectDelayMs = 1000;

/**
 * `fail-fast`: a command errs within a few seconds when Redis is gone or hangs, for callers who must know.
 * `patient`: a command waits for Redis to come back, for workers and followers.
 */
export type Patience = 'fail-fast' | 'patient';

const byPatience: Record<Patience, RedisOptions> = {
  'fail-fast': { maxRetriesPerRequest: 2, commandTimeout: 5000 },
  patient: { maxRetriesPerRequest: null },
};

/** A connection that comes back by itself for as long as it is not closed. */
export function connectRedis(url: string, patience: Patience = 'fail-fast'): Redis {
  const redis = new Redis(url, {
    ...byPatience[patience],
    connectTimeout: 5000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), longestReconnectDelayMs),
  });
  // ioredis ends the process on an 'error' event that nobody hears; each command reports its own failure.
  redis.on('error', () => undefined);
  return redis;
}
