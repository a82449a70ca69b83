import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DesiredAnswer, type DesiredInstance, type DesiredNode, desiredAfter } from '@molo/contracts';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DesiredStore } from './desired-store.js';
import { testInstance, wholeSet } from './test-agent.js';

const log = pino({ level: 'silent' });
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-desired-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const node = () => ({ nodeId: randomUUID(), generation: 7, instances: [testInstance('shop', { env: { PASSWORD: 'correct horse' } })], routes: [] });
const difference = (of: DesiredNode, generation: number, instances: DesiredInstance[], gone: string[] = []): DesiredAnswer => ({ nodeId: of.nodeId, since: of.generation, generation, instances, routes: [], gone: { instances: gone, environments: [] } });
const file = () => join(home, 'agent/desired.enc');
const store = (nodeToken = 'token-one') => new DesiredStore({ home, nodeToken }, log);

it('gives back what was kept, and shows none of it on the disk', async () => {
  const kept = node();
  await store().save(wholeSet(kept), kept);
  expect(await store().load()).toEqual(kept);
  expect(readFileSync(file(), 'latin1')).not.toMatch(/horse|PASSWORD|shop/);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it('has nothing for another token, nor when bytes were changed or are missing', async () => {
  const one = store();
  expect(await one.load()).toBeNull();
  const kept = node();
  await one.save(wholeSet(kept), kept);
  expect(await store('token-two').load()).toBeNull();
  const sealed = readFileSync(file());
  writeFileSync(file(), sealed.subarray(0, 40));
  expect(await one.load()).toBeNull();
  sealed[sealed.length - 1]! ^= 1;
  writeFileSync(file(), sealed);
  expect(await one.load()).toBeNull();
});

it('adds what changed behind the set, and has the set of before when it was killed while it added', async () => {
  const one = store();
  const first = node();
  await one.save(wholeSet(first), first);
  const whole = readFileSync(file());
  const added = difference(first, 8, [testInstance('blog')]);
  const second = desiredAfter(first, added);
  await one.save(added, second);
  const both = readFileSync(file());
  expect(both.subarray(0, whole.length).equals(whole)).toBe(true);
  expect(await store().load()).toEqual(second);
  for (const torn of [whole.length + 2, whole.length + 20, both.length - 1]) {
    writeFileSync(file(), both.subarray(0, torn));
    expect(await store().load()).toEqual(first);
  }
});

it('hides nothing behind a torn end: who comes after it writes the whole', async () => {
  const first = node();
  await store().save(wholeSet(first), first);
  writeFileSync(file(), Buffer.concat([readFileSync(file()), Buffer.from([0, 0, 1])]));
  const next = store();
  expect(await next.load()).toEqual(first);
  const added = difference(first, 8, [], [first.instances[0]!.id]);
  const second = desiredAfter(first, added);
  await next.save(added, second);
  expect(await store().load()).toEqual({ ...second, instances: [] });
});

it('does not grow for ever: differences that weigh more than the set make way for it', async () => {
  const one = store();
  let kept: DesiredNode = node();
  await one.save(wholeSet(kept), kept);
  for (let generation = 8; generation < 60; generation += 1) {
    const changed = difference(kept, generation, [{ ...kept.instances[0]!, env: { PADDING: 'x'.repeat(20_000) } }]);
    kept = desiredAfter(kept, changed);
    await one.save(changed, kept);
  }
  expect(statSync(file()).size).toBeLessThan(400_000);
  expect(await store().load()).toEqual(kept);
});
