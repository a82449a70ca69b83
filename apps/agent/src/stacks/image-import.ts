import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';

/** `docker import`: one tar becomes an image of one layer. Labels and further Dockerfile instructions go into its config. */
export async function importImage(docker: Docker, archive: string | Readable, reference: string, labels: Readonly<Record<string, string>>, changes: readonly string[] = []): Promise<void> {
  const [repo, tag] = splitReference(reference);
  const labelChanges = Object.entries(labels).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`);
  const input = typeof archive === 'string' ? createReadStream(archive, { highWaterMark: 1024 ** 2 }) : archive;
  const output = await docker.importImage(input, { repo, tag, changes: [...labelChanges, ...changes] } as unknown as { repo: string });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(output, (error) => (error ? reject(error) : resolve()));
  });
}

function splitReference(reference: string): [repo: string, tag: string] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
