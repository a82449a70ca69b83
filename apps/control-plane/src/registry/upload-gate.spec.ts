import { expect, it } from 'vitest';
import { UploadGate } from './upload-gate.js';

it('cannot be closed while somebody is on the way, nor twice', async () => {
  const gate = new UploadGate();
  let arrive: () => void = () => undefined;
  const uploads = [gate.pass(() => new Promise<void>((resolve) => (arrive = resolve))), gate.pass(() => Promise.reject(new Error('broke off'))).catch(() => undefined)];
  await uploads[1];
  expect(gate.close()).toBeNull();
  arrive();
  await uploads[0];
  const open = gate.close();
  expect(open).not.toBeNull();
  expect(gate.close()).toBeNull();
  open?.();
  expect(gate.close()).not.toBeNull();
});

it('lets all who wait through once it opens', async () => {
  const gate = new UploadGate();
  const open = gate.close();
  const passed: number[] = [];
  const uploads = [1, 2].map((number) => gate.pass(() => Promise.resolve(passed.push(number))));
  await Promise.resolve();
  expect(passed).toEqual([]);
  open?.();
  await Promise.all(uploads);
  expect(passed).toEqual([1, 2]);
});
