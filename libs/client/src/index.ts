export * from './client.js';
export type { Fetch, FetchInit } from './request.js';
