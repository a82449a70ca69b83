import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/* Settings of `make-stack`, a program of its own: set-up runs it before there is a node with a token. */

const optional = z.string().optional().transform((value) => value || undefined);

const Environment = z.object({
  MOLO_HOME: optional,
  MOLO_STACK: optional,
  MOLO_DOCKER_SOCKET: optional,
  MOLO_DEBIAN_MIRROR: optional.describe('http://HOST of a Debian mirror, when it is not deb.debian.org'),
  http_proxy: optional,
  https_proxy: optional,
  no_proxy: optional,
});

export interface StackConfig {
  readonly home: string;
  readonly stack: string;
  readonly dockerSocket: string;
  readonly debianMirror: string | undefined;
  readonly proxy: Readonly<Record<string, string>>;
}

export function loadStackConfig(environment: NodeJS.ProcessEnv = process.env): StackConfig {
  const { MOLO_HOME, MOLO_STACK, MOLO_DOCKER_SOCKET, MOLO_DEBIAN_MIRROR, ...proxy } = Environment.parse(environment);
  return Object.freeze({
    home: MOLO_HOME ?? (process.getuid?.() === 0 ? '/var/lib/molo' : join(homedir(), '.molo')),
    stack: MOLO_STACK ?? 'debian-12',
    dockerSocket: MOLO_DOCKER_SOCKET ?? '/var/run/docker.sock',
    debianMirror: MOLO_DEBIAN_MIRROR,
    proxy: Object.fromEntries(Object.entries(proxy).filter((pair): pair is [string, string] => pair[1] !== undefined)),
  });
}
