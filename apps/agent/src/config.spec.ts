import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from './config.js';

let folder: string;
let token: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'molo-config-'));
  token = join(folder, 'token');
  writeFileSync(token, 'a-token-that-is-long-enough\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('fills in what is not set, and cannot be changed', () => {
  const config = loadConfig({ MOLO_HOME: folder, MOLO_REDIS_URL: 'redis://127.0.0.1:1', MOLO_NODE_TOKEN_FILE: token, MOLO_API_PORT: '4100', MOLO_STACK: '' });
  expect(config).toMatchObject({ controlPlaneUrl: 'http://127.0.0.1:4100', networkPool: '10.213.0.0/16', stack: 'debian-12', nodeToken: 'a-token-that-is-long-enough' });
  expect(Object.isFrozen(config)).toBe(true);
});

it('names every setting that is wrong at once', () => {
  const load = () => loadConfig({ MOLO_HOME: 'here', MOLO_REDIS_URL: 'http://x', MOLO_API_PORT: 'zero', MOLO_NETWORK_POOL: '10.0.0.0' });
  expect(load).toThrow(/MOLO_HOME[\s\S]*MOLO_API_PORT[\s\S]*MOLO_REDIS_URL[\s\S]*MOLO_NETWORK_POOL/);
});

it('says which file should hold the token', () => {
  expect(() => loadConfig({ MOLO_HOME: folder, MOLO_REDIS_URL: 'redis://127.0.0.1:1' })).toThrow(/secrets\/node\.token cannot be read/);
});
