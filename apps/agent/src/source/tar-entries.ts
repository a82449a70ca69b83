import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, pack, type Header, type Pack } from 'tar-stream';

export interface TarEntry extends AsyncIterable<Uint8Array> {
  readonly header: Header;
}

/** Visits the entries of a tar (`.tgz` is unzipped) one after the other; what a visit leaves unread is skipped. */
export async function eachTarEntry(archive: string, visit: (entry: TarEntry) => Promise<void>): Promise<void> {
  const reader = extract();
  const file = createReadStream(archive, { highWaterMark: 1024 ** 2 });
  // streamx streams, which tar-stream's types say they are, go through Node's pipeline.
  const sink = reader as unknown as NodeJS.WritableStream;
  const input = archive.endsWith('.tgz') ? pipeline(file, createGunzip(), sink) : pipeline(file, sink);
  const failure = input.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    for await (const entry of reader) {
      await visit(entry as TarEntry & typeof entry);
      entry.resume();
    }
  } catch (error) {
    file.destroy();
    throw error;
  }
  const error = await failure;
  if (error) throw error;
}

export async function contentOf(entry: TarEntry): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface TarWriter {
  /** Adds a file whose content is at hand. */
  add(header: Partial<Header> & { name: string }, content?: string | Uint8Array): void;
  /** Adds a file whose content is another tar's entry. */
  copy(header: Partial<Header> & { name: string }, entry: TarEntry): Promise<void>;
}

/** A tar that is written while it is read. */
export function tarStream(fill: (writer: TarWriter) => Promise<void>): Readable {
  const packed = pack();
  fill(writerOf(packed)).then(
    () => packed.finalize(),
    (error: Error) => packed.destroy(error),
  );
  return Readable.from(packed, { objectMode: false, highWaterMark: 1024 ** 2 });
}

function writerOf(packed: Pack): TarWriter {
  return {
    add: (header, content) => {
      if (content === undefined) packed.entry(header);
      else packed.entry(header, content);
    },
    async copy(header, entry) {
      await pipeline(entry, packed.entry(header) as unknown as NodeJS.WritableStream);
    },
  };
}
