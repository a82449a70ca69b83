export * from './api.js';
export * from './events.js';
export * from './jobs.js';
export * from './manifest.js';
export * from './names.js';
export * from './node-protocol.js';
export * from './problems.js';
export * from './states.js';
