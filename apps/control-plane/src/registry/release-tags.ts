import { text } from 'node:stream/consumers';
import { Injectable } from '@nestjs/common';
import { RegistryClient } from './registry-client.js';

/** All kinds of manifest, as `accept` names them: a registry would turn another kind into the oldest one. */
export const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ');

/** What the registry takes as a tag (OCI distribution specification). */
const tagShape = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Names the image of a release in the registry, by the release's number and the app's own version. */
@Injectable()
export class ReleaseTags {
  constructor(private readonly client: RegistryClient) {}

  /** A tag that points elsewhere is moved; a name that cannot be a tag is passed over. Throws `unavailable`. */
  async point(repository: string, tags: readonly (string | null)[], digest: string): Promise<void> {
    const usable = tags.filter((tag): tag is string => tag !== null && tagShape.test(tag));
    const response = await this.client.send(repository, { method: 'GET', path: `/v2/${repository}/manifests/${digest}`, headers: { accept: manifestTypes } });
    if (response.statusCode !== 200) throw await this.client.failure(response);
    const type = response.headers['content-type'] ?? 'application/json';
    const manifest = Buffer.from(await text(response));
    await Promise.all(usable.map((tag) => this.#put(repository, tag, type, manifest)));
  }

  async #put(repository: string, tag: string, type: string, body: Buffer): Promise<void> {
    const response = await this.client.send(repository, { method: 'PUT', path: `/v2/${repository}/manifests/${tag}`, headers: { 'content-type': type }, body });
    if (response.statusCode !== 201) throw await this.client.failure(response);
    response.resume();
  }
}
