import type { DesiredAnswer, DesiredNode } from './node-protocol.js';

/**
 * The desired set after an answer: the answer itself where it is whole, otherwise laid over the set before. What stays keeps its
 * place, what is new comes last; what did not change at all is the same array, so that whoever compares sees that at once.
 * @param before at the answer's `since` or after it: whatever changed from then on is in the answer
 */
export function desiredAfter(before: DesiredNode | null, { since, gone, ...after }: DesiredAnswer): DesiredNode {
  if (since === null || before === null) return after;
  return {
    ...after,
    instances: merged(before.instances, after.instances, gone.instances, ({ id }) => id),
    routes: merged(before.routes, after.routes, gone.environments, ({ environmentId }) => environmentId),
  };
}

/** Looks up the few that changed, not the many that did not. */
function merged<Item>(items: Item[], changed: readonly Item[], gone: readonly string[], idOf: (item: Item) => string): Item[] {
  if (changed.length === 0 && gone.length === 0) return items;
  const isGone = new Set(gone);
  const left = new Map(changed.map((item) => [idOf(item), item]));
  const kept: Item[] = [];
  for (const item of items) {
    const id = idOf(item);
    if (isGone.has(id)) continue;
    kept.push(left.get(id) ?? item);
    left.delete(id);
  }
  return [...kept, ...left.values()];
}
