import { AppError, type Resources } from '@molo/contracts';

export interface Candidate {
  readonly nodeId: string;
  readonly name: string;
  readonly online: boolean;
  /** Takes no new instances: somebody said so. */
  readonly isCordoned: boolean;
  readonly memoryBytes: number | null;
  /** Sum of the memory limits of what is placed there already. */
  readonly promisedBytes: number;
  /** Instances of the same process type there that are to go on beside it: those that it replaces do not count. */
  readonly twins: number;
}

export interface Placement {
  readonly nodeId: string;
  readonly node: string;
  readonly reason: string;
}

/** Chooses a node for each of `count` equal instances, one after the other. Throws `no_node_available`. */
export function placeAll(candidates: readonly Candidate[], wanted: Resources, count: number): Placement[] {
  const placements: Placement[] = [];
  let left = candidates;
  while (placements.length < count) {
    const placement = place(left, wanted);
    placements.push(placement);
    left = left.map((node) => (node.nodeId === placement.nodeId ? { ...node, twins: node.twins + 1, promisedBytes: node.promisedBytes + wanted.memoryBytes } : node));
  }
  return placements;
}

/**
 * Chooses a node: one that answers and is not cordoned, then the one with the fewest twins, then the one with the most memory not yet promised.
 * Memory may be promised more than once over: limits are upper bounds, and most instances stay far below theirs.
 */
function place(candidates: readonly Candidate[], wanted: Resources): Placement {
  const fitting = candidates.filter((node) => node.online && !node.isCordoned && (node.memoryBytes === null || wanted.memoryBytes <= node.memoryBytes));
  const best = fitting.toSorted((a, b) => a.twins - b.twins || free(b) - free(a) || a.name.localeCompare(b.name))[0];
  if (!best) throw new AppError('no_node_available', { detail: reasonForNone(candidates, wanted) });
  return { nodeId: best.nodeId, node: best.name, reason: reasonFor(best, fitting) };
}

function free(node: Candidate): number {
  return (node.memoryBytes ?? 0) - node.promisedBytes;
}

function reasonFor(best: Candidate, fitting: readonly Candidate[]): string {
  if (fitting.length === 1) return 'the only node that can take it';
  return fitting.some((node) => node.twins !== best.twins) ? 'the fewest instances of the same kind' : 'the most free memory';
}

function reasonForNone(candidates: readonly Candidate[], wanted: Resources): string {
  if (!candidates.some((node) => node.online)) {
    return 'No node that runs instances answers. See "molo nodes", and start the agent there.';
  }
  if (candidates.every((node) => !node.online || node.isCordoned)) {
    return 'Each node that answers is cordoned. Have one take instances again with "molo nodes uncordon NAME".';
  }
  const mebibytes = Math.round(wanted.memoryBytes / 1024 ** 2);
  return `No node has as much memory as the limit of ${mebibytes} MiB asks for. Lower "resources" in molo.yml.`;
}
