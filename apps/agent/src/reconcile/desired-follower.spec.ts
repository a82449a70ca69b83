import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type DesiredAnswer } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { DesiredFollower } from './desired-follower.js';
import { wholeSet } from './test-agent.js';

const node = { nodeId: randomUUID(), instances: [], routes: [] };
const whole = (generation: number): DesiredAnswer => wholeSet({ ...node, generation });
const difference = (since: number, generation: number): DesiredAnswer => ({ ...whole(generation), since });

/** What the control plane answers in turn, null for nothing new; then it holds what it is asked. */
let answers: (DesiredAnswer | null)[];
let asked: string[];
let server: Server;
let client: ControlPlaneClient;
let follower: DesiredFollower;
const accepted: DesiredAnswer[] = [];
let accept: (answer: DesiredAnswer) => Promise<void>;

beforeEach(async () => {
  asked = [];
  accepted.length = 0;
  accept = async (answer) => void accepted.push(answer);
  server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://control-plane').searchParams.get('since') ?? 'whole');
    const answer = answers.shift();
    if (answer) response.end(JSON.stringify(answer));
    else if (answer === null) response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new ControlPlaneClient({ controlPlaneUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, nodeToken: 'token' } as AgentConfig);
  const reconciler = { accept: (answer: DesiredAnswer) => accept(answer), get generation() { return accepted.at(-1)?.generation ?? -1; } };
  follower = new DesiredFollower(client, reconciler, { start: () => undefined }, pino({ level: 'silent' }));
});
afterEach(async () => {
  server.closeAllConnections();
  await Promise.all([follower.onModuleDestroy(), client.onModuleDestroy()]);
  server.close();
});

it('reads the whole set first, whatever it kept, then what changed since, and asks again when nothing did', async () => {
  answers = [whole(5), difference(5, 7), null];
  follower.start();
  await waitFor(() => asked.length === 4, { what: 'the fourth question' });
  expect(asked).toEqual(['whole', '5', '7', '7']);
  expect(accepted.map(({ generation }) => generation)).toEqual([5, 7]);
});

it('tells what it has to a control plane whose database was restored from a backup, and takes what that then answers', async () => {
  answers = [whole(3), whole(6)];
  accepted.push(whole(5));
  accept = async (answer) => {
    if (answer.generation < 5) throw new AppError('generation_outdated', { detail: 'Another one had been accepted.' });
    accepted.push(answer);
  };
  follower.start();
  await waitFor(() => asked.length === 3, { what: 'the third question' });
  expect(asked).toEqual(['whole', '5', '6']);
});

it('reads the whole set again when what changed does not fit what it has', async () => {
  answers = [whole(5), difference(6, 7), whole(7)];
  accept = async (answer) => {
    if (answer.since === 6) throw new AppError('base_unknown', { detail: 'Changes of another set.' });
    accepted.push(answer);
  };
  follower.start();
  await waitFor(() => asked.length === 4, { what: 'the fourth question' });
  expect(asked).toEqual(['whole', '5', 'whole', '7']);
});

it('goes on once a control plane that broke off answers again', async () => {
  answers = [whole(5)];
  follower.start();
  await waitFor(() => asked.length === 2, { what: 'a question that is held' });
  answers = [difference(5, 6)];
  server.closeAllConnections();
  await waitFor(() => asked.length === 4, { what: 'the question after what changed' });
  expect(accepted.at(-1)?.generation).toBe(6);
  expect(asked).toEqual(['whole', '5', '5', '6']);
});
