export * from './connection.js';
export { Consumer, type ConsumerOptions, type QueueLog } from './consumer.js';
export * from './handlers.js';
export * from './keys.js';
export * from './queues.js';
