/** Milliseconds since 1970 that never jump: the machine's clock may be set while an instance is being waited for. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
