import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { tarStream, type TarEntry } from './tar-entries.js';

it('leaves off writing a tar that nobody reads any more', async () => {
  let ended: unknown;
  const size = 64 * 1024 ** 2;
  const content = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(1024 ** 2)));
  const tar = tarStream((writer) => writer.copy({ name: 'large', size }, Object.assign(content, { header: { name: 'large' } }) as unknown as TarEntry).catch((error: unknown) => void (ended = error)));
  for await (const _chunk of tar) break;
  await expect.poll(() => ended).toBeInstanceOf(Error);
  expect(content.destroyed).toBe(true);
});
