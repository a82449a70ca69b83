import { AppName } from '@molo/contracts';
import { z } from 'zod';

/** What a page may follow. `after`: the last event that it has seen of the deployment. */
export const Topic = z.discriminatedUnion('topic', [
  z.object({ topic: z.literal('apps') }),
  z.object({ topic: z.literal('app'), app: AppName }),
  z.object({ topic: z.literal('deployment'), deploymentId: z.uuid(), after: z.number().int().min(0).default(0) }),
]);
export type Topic = z.output<typeof Topic>;

/** Payload of the notification `changed`. */
export const Change = z.discriminatedUnion('topic', [z.object({ topic: z.literal('apps') }), z.object({ topic: z.literal('app'), app: z.string() })]);
export type Change = z.output<typeof Change>;

/** One topic is followed once by a socket, however often it asks. */
export function keyOf(topic: Topic | Change): string {
  switch (topic.topic) {
    case 'apps':
      return 'apps';
    case 'app':
      return `app ${topic.app}`;
    case 'deployment':
      return `deployment ${topic.deploymentId}`;
  }
}
