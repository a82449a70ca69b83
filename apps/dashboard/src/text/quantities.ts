/** Sizes, spans and counts as people read them. Units are decimal for bytes, as disks and registries count. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit]}`;
}

const memoryUnits = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** Memory is limited and sold in powers of two. */
export function formatMemory(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < memoryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 99.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)} ${memoryUnits[unit]}`;
}

/** `80 ms`, `1.24 s`, `18.3 s`, `2 min 5 s`, `3 h 10 min`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joinUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return joinUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return joinUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joinUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const agoSteps = [
  { below: 60, per: 1, unit: 's' },
  { below: 3600, per: 60, unit: 'min' },
  { below: 86_400, per: 3600, unit: 'h' },
  { below: 86_400 * 30, per: 86_400, unit: 'd' },
] as const;

/** `just now`, `12 s`, `5 min`, `3 h`, `4 d`, then the date. Null when it is too long ago to be told as a span. */
export function formatSpan(fromMs: number, nowMs: number): string | null {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  for (const { below, per, unit } of agoSteps) {
    if (seconds < below) return `${Math.floor(seconds / per)} ${unit}`;
  }
  return null;
}

export function formatAgo(fromMs: number, nowMs: number): string {
  if (nowMs - fromMs < 3_000) return 'just now';
  const span = formatSpan(fromMs, nowMs);
  return span === null ? formatDate(fromMs) : `${span} ago`;
}

export function formatDate(atMs: number): string {
  return new Date(atMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function formatInstant(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 request`, `2 requests`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
