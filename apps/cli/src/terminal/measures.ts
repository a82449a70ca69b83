/** `512 MiB`, in powers of 1,024, as memory and its limits are given. */
export function memory(count: number): string {
  const mebibytes = count / 1024 ** 2;
  return mebibytes >= 1024 ? `${Number((mebibytes / 1024).toFixed(1))} GiB` : `${mebibytes < 10 ? Number(mebibytes.toFixed(1)) : Math.round(mebibytes)} MiB`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12 MB`, in powers of 1,000, as disks and networks are. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `850 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const spans = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `5 min ago`. */
export function ago(at: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  for (const [unit, size] of spans) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return 'now';
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
