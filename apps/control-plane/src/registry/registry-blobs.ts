import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { RegistryClient } from './registry-client.js';

export interface StoredBlob {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly bytes: number;
}

/** What is no larger is held in memory: then its digest is known before it is sent, and a blob that is there is not sent again. */
const heldBytes = 4 * 1024 ** 2;
const octets = { 'content-type': 'application/octet-stream' };

/** Content-addressed blobs in the registry (OCI distribution specification). */
@Injectable()
export class RegistryBlobs {
  constructor(private readonly client: RegistryClient) {}

  /**
   * Stores what the stream gives, at the pace of the registry.
   * @param whole resolves once the source is known to be whole: before that no blob gets a name
   */
  async upload(repository: string, source: Readable, whole: () => Promise<void> = () => Promise.resolve()): Promise<StoredBlob> {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const { held, isAll } = await hold(chunks);
    return isAll ? this.#uploadHeld(repository, held, whole) : this.#uploadStream(repository, held, chunks, whole);
  }

  async exists(repository: string, digest: string): Promise<boolean> {
    const response = await this.client.send(repository, { method: 'HEAD', path: blobPath(repository, digest) });
    response.resume();
    if (response.statusCode === 200) return true;
    if (response.statusCode === 404) return false;
    throw await this.client.failure(response);
  }

  /** Throws `not_found` when there is no such blob. */
  async open(repository: string, digest: string): Promise<Readable> {
    const response = await this.client.send(repository, { method: 'GET', path: blobPath(repository, digest) });
    if (response.statusCode === 200) return response;
    if (response.statusCode !== 404) throw await this.client.failure(response);
    response.resume();
    throw new AppError('not_found', { detail: `The registry has no blob ${digest} of ${repository}.` });
  }

  async #uploadHeld(repository: string, held: Buffer, whole: () => Promise<void>): Promise<StoredBlob> {
    await whole();
    const digest = `sha256:${createHash('sha256').update(held).digest('hex')}`;
    if (!(await this.exists(repository, digest))) {
      const place = await this.#begin(repository);
      await this.#expect(201, await this.client.send(repository, { method: 'PUT', path: withDigest(place, digest), headers: octets, body: held }));
    }
    return { digest, bytes: held.length };
  }

  async #uploadStream(repository: string, held: Buffer, chunks: AsyncIterator<Buffer>, whole: () => Promise<void>): Promise<StoredBlob> {
    const place = await this.#begin(repository);
    const hash = createHash('sha256');
    let bytes = 0;
    const body = new PassThrough();
    const all = Readable.from(
      rest(held, chunks, (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      }),
      { objectMode: false },
    );
    all.once('error', (error) => body.destroy(error));
    const sent = await this.client.send(repository, { method: 'PATCH', path: place, headers: octets, body: all.pipe(body) });
    const next = locationOf(await this.#expect(202, sent));
    await whole();
    const digest = `sha256:${hash.digest('hex')}`;
    await this.#expect(201, await this.client.send(repository, { method: 'PUT', path: withDigest(next, digest), headers: octets }));
    return { digest, bytes };
  }

  async #begin(repository: string): Promise<string> {
    return locationOf(await this.#expect(202, await this.client.send(repository, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })));
  }

  async #expect(status: number, response: IncomingMessage): Promise<IncomingMessage> {
    if (response.statusCode !== status) throw await this.client.failure(response);
    return response.resume();
  }
}

async function hold(chunks: AsyncIterator<Buffer>): Promise<{ held: Buffer; isAll: boolean }> {
  const held: Buffer[] = [];
  let bytes = 0;
  while (bytes <= heldBytes) {
    const next = await chunks.next();
    if (next.done) return { held: Buffer.concat(held), isAll: true };
    held.push(next.value);
    bytes += next.value.length;
  }
  return { held: Buffer.concat(held), isAll: false };
}

async function* rest(held: Buffer, chunks: AsyncIterator<Buffer>, see: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  see(held);
  yield held;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    see(next.value);
    yield next.value;
  }
}

function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`;
}

function locationOf(response: IncomingMessage): string {
  return response.headers.location ?? '';
}

function withDigest(place: string, digest: string): string {
  return `${place}${place.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}
