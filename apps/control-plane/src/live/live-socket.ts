import { once } from 'node:events';
import { AppError, type DeploymentEvent, type Problem } from '@molo/contracts';
import type { Server, Socket } from 'socket.io';
import type { Caller } from '../access/caller.js';
import { type Change, keyOf, Topic } from './topic.js';

export type Answer = { ok: true } | { ok: false; problem: Problem };

export interface ClientEvents {
  subscribe: (topic: unknown, answer: unknown) => void;
  unsubscribe: (topic: unknown, answer: unknown) => void;
}

export interface ServerEvents {
  'deployment-event': (message: { deploymentId: string; event: DeploymentEvent }) => void;
  changed: (change: Change) => void;
}

export interface SocketData {
  caller: Caller;
  /** By key. */
  following: Map<string, { readonly topic: Topic; readonly stop: AbortController }>;
}

export type LiveServer = Server<ClientEvents, ServerEvents, Record<string, never>, SocketData>;
export type LiveSocket = Socket<ClientEvents, ServerEvents, Record<string, never>, SocketData>;

/** More than any page shows. */
const mostTopics = 100;
/** Messages that may wait for a slow reader before its stream waits for it. */
const mostWaiting = 500;

export function parseTopic(asked: unknown): Topic {
  const parsed = Topic.safeParse(asked);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_input', { detail: 'There is no such topic. Subscribe to apps, to an app, or to a deployment.' });
}

/** Begins to follow; what the socket followed under this key before ends. */
export function beginFollowing({ data }: LiveSocket, topic: Topic): AbortSignal {
  endFollowing(data, topic);
  if (data.following.size >= mostTopics) throw new AppError('conflict', { detail: `One connection follows at most ${mostTopics} topics. Unsubscribe from some.` });
  const stop = new AbortController();
  data.following.set(keyOf(topic), { topic, stop });
  return stop.signal;
}

export function endFollowing(data: SocketData, topic: Topic): void {
  data.following.get(keyOf(topic))?.stop.abort();
  data.following.delete(keyOf(topic));
}

export function endAll(data: SocketData): void {
  for (const { stop } of data.following.values()) stop.abort();
  data.following.clear();
}

/** Sends a deployment's events in their order. */
export async function sendEvents(socket: LiveSocket, deploymentId: string, events: AsyncIterable<DeploymentEvent>, signal: AbortSignal): Promise<void> {
  let sent = 0;
  for await (const event of events) {
    if (signal.aborted) return;
    socket.emit('deployment-event', { deploymentId, event });
    if (++sent % mostWaiting === 0) await written(socket, signal);
  }
}

/** Until the connection has taken what was sent so far. */
async function written(socket: LiveSocket, signal: AbortSignal): Promise<void> {
  if (socket.conn.transport.writable) return;
  await once(socket.conn, 'drain', { signal }).catch(() => undefined);
}
