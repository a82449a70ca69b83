import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Machine } from './config-platform.js';

/** What this machine gives HAProxy. */
export function thisMachine(): Machine {
  return { user: workerUser(), ipv6: hasIpv6(), threads: Math.min(availableParallelism(), 16) };
}

/** Started by root, HAProxy's worker becomes `molo`, where set-up made that user. */
function workerUser(): string | null {
  if (process.getuid?.() !== 0) return null;
  return /^molo:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'molo' : null;
}

function hasIpv6(): boolean {
  return existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8').length > 0;
}
