import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Machine } from './config-platform.js';

/** What this machine gives HAProxy. */
export function thisMachine(): Machine {
  return { user: workerUser(), ipv6: hasIpv6(), threads: Math.min(availableParallelism(), 16), openFiles: openFiles() };
}

/** Started by root, HAProxy's worker becomes `molo`, where set-up made that user. */
function workerUser(): string | null {
  if (process.getuid?.() !== 0) return null;
  return /^molo:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'molo' : null;
}

function hasIpv6(): boolean {
  return existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8').length > 0;
}

/** This program's own limit, which set-up makes the same as HAProxy's. */
function openFiles(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return hard === undefined ? Infinity : Number(hard);
}
