const control = 'a[href], button:not(:disabled), input:not(:disabled, [type=hidden]), select:not(:disabled), textarea:not(:disabled), summary';
/** They lie over a row, and are none of its own controls. */
const layer = 'dialog, [popover]';
const row = 'li, tr';

type Side = 'nextSibling' | 'previousSibling';

interface Removal {
  readonly removed: Node;
  readonly record: MutationRecord;
  /** What was still there when it went can only have gone after it. */
  readonly later: readonly MutationRecord[];
}

/**
 * What one goes on with, once `lost` is gone: after a row, the same control of the next one or else of the one before; after a
 * control alone, the one before it. Where nothing is left of that, the heading of the part of the page that it was in.
 */
export function successorOf(lost: Element, records: readonly MutationRecord[]): HTMLElement | undefined {
  const removal = removalOf(lost, records);
  if (!removal) return undefined;
  const { removed, record } = removal;
  if (removed === lost) return controlsBeside(removal, 'previousSibling').at(-1) ?? controlsBeside(removal, 'nextSibling')[0] ?? headingAround(record.target);
  if (!isElement(removed) || !removed.matches(row)) return headingAround(record.target);
  const place = Math.max(controlsOf(removed).findIndex((each) => each === lost), 0);
  const [next, before] = [controlsBeside(removal, 'nextSibling'), controlsBeside(removal, 'previousSibling')];
  return next[place] ?? next.at(-1) ?? before[place] ?? before.at(-1) ?? headingAround(record.target);
}

function removalOf(lost: Node, records: readonly MutationRecord[]): Removal | undefined {
  for (const [index, record] of records.entries()) {
    const removed = [...record.removedNodes].find((node) => node.contains(lost));
    if (removed) return { removed, record, later: records.slice(index + 1) };
  }
  return undefined;
}

/** Those of the nearest node on this side that has any. Others may have gone with this one. */
function controlsBeside({ record, later }: Removal, side: Side): HTMLElement[] {
  let node = record[side];
  while (node) {
    if (!node.isConnected) {
      const gone = removalOf(node, later);
      return gone?.removed === node ? controlsBeside(gone, side) : [];
    }
    const found = isElement(node) ? controlsOf(node).filter((each) => each.checkVisibility()) : [];
    if (found.length > 0) return found;
    node = node[side];
  }
  return [];
}

function controlsOf(node: Element): HTMLElement[] {
  const inside = [...node.querySelectorAll<HTMLElement>(control)].filter((each) => !isOver(each, node));
  return node.matches(control) ? [node as HTMLElement, ...inside] : inside;
}

function isOver(each: Element, node: Element): boolean {
  const over = each.closest(layer);
  return over !== null && node.contains(over);
}

function headingAround(place: Node): HTMLElement | undefined {
  const part = isElement(place) ? place.closest<HTMLElement>('section, dialog, main') : null;
  const heading = part?.querySelector<HTMLElement>('h1, h2, h3') ?? part ?? undefined;
  if (heading) heading.tabIndex = -1;
  return heading;
}

function isElement(node: Node): node is Element {
  return node.nodeType === Node.ELEMENT_NODE;
}
