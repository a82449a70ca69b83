import type { DeploymentEvent, Problem } from '@molo/contracts';

/** What a page may follow over the socket. */
export type Topic = { readonly topic: 'apps' } | { readonly topic: 'app'; readonly app: string } | { readonly topic: 'deployment'; readonly deploymentId: string };

export type Change = { readonly topic: 'apps' } | { readonly topic: 'app'; readonly app: string };

export interface DeploymentEventMessage {
  readonly deploymentId: string;
  readonly event: DeploymentEvent;
}

export type SubscribeAnswer = { readonly ok: true } | { readonly ok: false; readonly problem: Problem };

/** The socket's events, both ways. */
export interface ServerToClient {
  'deployment-event': (message: DeploymentEventMessage) => void;
  changed: (change: Change) => void;
}

export interface ClientToServer {
  subscribe: (topic: Topic & { readonly after?: number }, answer: (answer: SubscribeAnswer) => void) => void;
  unsubscribe: (topic: Topic, answer: (answer: SubscribeAnswer) => void) => void;
}

export function topicKey(topic: Topic): string {
  if (topic.topic === 'apps') return 'apps';
  return topic.topic === 'app' ? `app ${topic.app}` : `deployment ${topic.deploymentId}`;
}
