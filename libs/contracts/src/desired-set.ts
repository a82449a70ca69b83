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

function merged<Item>(items: Item[], changed: readonly Item[], gone: readonly string[], idOf: (item: Item) => string): Item[] {
  if (changed.length === 0 && gone.length === 0) return items;
  const byId = new Map(items.map((item) => [idOf(item), item]));
  for (const item of changed) byId.set(idOf(item), item);
  for (const id of gone) byId.delete(id);
  return [...byId.values()];
}
