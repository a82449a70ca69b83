export { createTestDatabase, type TestDatabase, type TestTemplate } from './test-database.js';
export { testRedis, type TestRedis } from './test-redis.js';
export { waitFor } from './wait-for.js';
