import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Container } from '../engine/engine.js';
import { TestControlPlane } from '../reconcile/test-agent.js';
import { DeploymentLines } from './deployment-lines.js';
import { longestLineChars, type LogLine } from './engine-lines.js';

const container = { id: 'c'.repeat(64), labels: { 'molo.deployment': '0c7d4f0e-53c5-4e0e-8f39-53b40a31f1b2', 'molo.process': 'web', 'molo.index': '2' } } as unknown as Container;
let controlPlane: TestControlPlane;
let client: ControlPlaneClient;
let lines: DeploymentLines;

beforeEach(async () => {
  controlPlane = new TestControlPlane();
  client = new ControlPlaneClient({ controlPlaneUrl: await controlPlane.start(), nodeToken: 'a-node-token-for-tests' } as never);
  lines = new DeploymentLines(client, pino({ level: 'silent' }));
});
afterEach(async () => {
  await lines.onModuleDestroy();
  await client.onModuleDestroy();
  controlPlane.close();
});

const said = (texts: readonly string[]) => texts.map((text): LogLine => ({ at: '2026-01-02T03:04:05.000000000Z', stream: 'stdout', text }));

it('numbers the lines of a container, and gives what Molo says of it keys of their own', async () => {
  lines.add(container, said(['a', 'b', 'c'].map((letter) => letter.repeat(longestLineChars))));
  lines.tell(container, 'one');
  lines.tell(container, 'two');
  await waitFor(() => controlPlane.logs.length === 5, { what: 'all chunks' });
  expect(controlPlane.logs.map(({ source, text }) => [source, text[0]])).toEqual([['web.2', 'a'], ['web.2', 'b'], ['web.2', 'c'], ['molo', 'o'], ['molo', 't']]);
  expect(controlPlane.logs.map(({ line }) => line)).toEqual([0, 1, 2, undefined, undefined]);
  expect(new Set(controlPlane.logs.map(({ key }) => key)).size).toBe(3);
});

it('ends at the same line whether its lines come one by one or, after a restart, all at once', async () => {
  const texts = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(4096)}`);
  for (const text of texts) lines.add(container, said([text]));
  const sent = await untilBound();
  await lines.onModuleDestroy();
  lines = new DeploymentLines(client, pino({ level: 'silent' }));
  controlPlane.logs.length = 0;
  lines.add(container, said(texts));
  expect(await untilBound()).toEqual(sent);
  expect(sent.length).toBeLessThan(70);
});

/** The lines as they stand in the series, once its last has come. */
async function untilBound(): Promise<string[]> {
  const all = () => controlPlane.logs.flatMap(({ line = 0, text }) => text.split('\n').map((each, index) => `${line + index}: ${each}`));
  await waitFor(() => all().at(-1)?.includes('There is more'), { what: 'the line that says where the others are' });
  return all();
}
