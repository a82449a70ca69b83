import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DesiredStore } from './desired-store.js';
import { testInstance } from './test-agent.js';

const log = pino({ level: 'silent' });
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-desired-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const node = () => ({ nodeId: randomUUID(), generation: 7, instances: [testInstance('shop', { env: { PASSWORD: 'correct horse' } })], routes: [] });
const file = () => join(home, 'agent/desired.enc');

it('gives back what was kept, and shows none of it on the disk', async () => {
  const kept = node();
  await new DesiredStore({ home, nodeToken: 'token-one' }, log).save(kept);
  expect(await new DesiredStore({ home, nodeToken: 'token-one' }, log).load()).toEqual(kept);
  expect(readFileSync(file(), 'latin1')).not.toMatch(/horse|PASSWORD|shop/);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it('has nothing for another token, nor when bytes were changed or are missing', async () => {
  const store = new DesiredStore({ home, nodeToken: 'token-one' }, log);
  expect(await store.load()).toBeNull();
  await store.save(node());
  expect(await new DesiredStore({ home, nodeToken: 'token-two' }, log).load()).toBeNull();
  const sealed = readFileSync(file());
  writeFileSync(file(), sealed.subarray(0, 40));
  expect(await store.load()).toBeNull();
  sealed[sealed.length - 1]! ^= 1;
  writeFileSync(file(), sealed);
  expect(await store.load()).toBeNull();
});
