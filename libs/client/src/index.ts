export * from './client.js';
export type { Answer, Fetch, FetchInit } from './request.js';
