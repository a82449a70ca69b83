import { paint, say } from '../terminal/progress.ts';
import type { Delivery } from './deliveries.ts';
import type { Counts } from './traffic.ts';

const heads = ['release', 'version', 'how', 'live after', 'layers', 'moved', 'requests', 'failed', 'dropped', 'seen', 'failed', 'dropped', 'slowest'];

/** One line for each delivery: the platform's receipt, and beside it what the clients themselves counted. */
export function showSummary(deliveries: readonly Delivery[]): void {
  const rows = deliveries.map(({ release, version, how, liveAfterMs, receipt, seen }) => [
    `v${release}`,
    version,
    how,
    `${(liveAfterMs / 1000).toFixed(2)} s`,
    String(receipt.layersMoved),
    bytes(receipt.bytesMoved),
    String(receipt.requests),
    String(receipt.failed),
    String(receipt.connectionsDropped),
    String(seen.requests),
    String(seen.failed),
    String(seen.socketsDropped),
    `${Math.round(seen.slowestMs)} ms`,
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)) + 2);
  const text = (row: readonly string[]) => row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('');
  const receiptStart = widths.slice(0, 6).reduce((sum, width) => sum + width, 0);
  const clientStart = widths.slice(0, 9).reduce((sum, width) => sum + width, 0);
  say();
  say(paint.dim(`${' '.repeat(receiptStart + 2)}${'receipt'.padEnd(clientStart - receiptStart)}clients`));
  say(paint.bold(text(heads)));
  for (const row of rows) say(text(row));
}

/** Tells what the clients saw in all; true when nothing failed. */
export function showVerdict(counts: Counts, failures: readonly string[], deliveries: readonly Delivery[]): boolean {
  const failed = counts.failed + counts.socketsDropped + deliveries.reduce((sum, { receipt }) => sum + receipt.failed + receipt.connectionsDropped, 0);
  say(`\n${counts.requests} requests and ${counts.messages} WebSocket messages while the releases changed: ${counts.failed} failed, ${counts.slow} took over a second, ${counts.socketsDropped} sockets dropped, ${counts.socketsMoved} moved to the next release after a goodbye.`);
  if (failed === 0) return true;
  say(paint.red('Traffic failed while releases changed, which must not be:'));
  for (const failure of failures) say(`  ${failure}`);
  return false;
}

function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const unit = count < 1_000_000 ? { size: 1000, name: 'kB' } : { size: 1_000_000, name: 'MB' };
  return `${(count / unit.size).toFixed(1)} ${unit.name}`;
}
