import { existsSync, readFileSync } from 'node:fs';

export interface OperatingSystem {
  /** For people, such as `Debian GNU/Linux 12 (bookworm)`. */
  readonly name: string;
  /** `debian`, `ubuntu`, … */
  readonly id: string | undefined;
  /** Undefined where the system has none: testing and unstable Debian. */
  readonly version: number | undefined;
}

/** What this machine runs, by os-release(5). */
export function operatingSystem(): OperatingSystem {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1];
  const version = value('VERSION_ID');
  return { name: value('PRETTY_NAME') ?? 'an unknown system', id: value('ID'), version: version === undefined ? undefined : Number(version) };
}
