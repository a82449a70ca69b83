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

it('gives each part of a long line a key of its own: the control plane keeps one of those with the same', async () => {
  const parts = ['a', 'b', 'c'].map((letter): LogLine => ({ at: '2026-01-02T03:04:05.000000000Z', stream: 'stdout', text: letter.repeat(longestLineChars) }));
  lines.add(container, parts);
  lines.tell(container, 'one');
  lines.tell(container, 'two');
  await waitFor(() => controlPlane.logs.length === 5, { what: 'all chunks' });
  expect(controlPlane.logs.map(({ source, text }) => [source, text[0]])).toEqual([['web.2', 'a'], ['web.2', 'b'], ['web.2', 'c'], ['molo', 'o'], ['molo', 't']]);
  expect(new Set(controlPlane.logs.map(({ key }) => key)).size).toBe(5);
});
