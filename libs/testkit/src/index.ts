export { freePort, startPostgres, startRedis, type PrivateServer } from './private-servers.js';
export { createTestDatabase, type TestDatabase, type TestTemplate } from './test-database.js';
export { testRedisUrl, uniquePrefix } from './test-redis.js';
export { waitFor } from './wait-for.js';
export { type CrowdOptions, SocketCrowd } from './socket-crowd.js';
