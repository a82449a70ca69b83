import type { JobDefinition } from '@molo/contracts';

/** What tells one kind of job from another. */
export type JobKind = Pick<JobDefinition, 'queue' | 'name' | 'version'>;

/** Everything of Molo lies under this root; everything of one node under `molo:<node id>`, so that an ACL can bound a node to it. */
export const defaultRoot = 'molo';

/** First part of every key of one node, without the colon behind it. */
export function nodePrefix(nodeId: string, root = defaultRoot): string {
  return `${root}:${nodeId}`;
}

/** Redis stream that carries the lines of one reading of logs (see `readLogs` in contracts). */
export function logStreamKey(nodeId: string, requestId: string, root = defaultRoot): string {
  return `${nodePrefix(nodeId, root)}:logs:${requestId}`;
}

/** Lives as long as somebody reads: the reader sets it with a short time to live and renews it; the agent stops once it is gone. */
export function logReaderKey(nodeId: string, requestId: string, root = defaultRoot): string {
  return `${logStreamKey(nodeId, requestId, root)}:reader`;
}

/** Queue name and key prefix of a job, for the node where the queue is a node's own. Throws TypeError where such a queue is given no node. */
export function placeOf(job: JobKind, nodeId: string | undefined, root: string): { queue: string; prefix: string } {
  if (!job.queue.includes('{nodeId}')) return { queue: job.queue, prefix: root };
  if (nodeId === undefined) throw new TypeError(`Jobs of ${job.queue} need a node id`);
  return { queue: job.queue.replaceAll('{nodeId}', nodeId), prefix: nodePrefix(nodeId, root) };
}

/** The name under which a job lies in its queue; a new version is a new name, so that old data meets no new handler. */
export function storedName(job: JobKind): string {
  return `${job.name}@${job.version}`;
}
