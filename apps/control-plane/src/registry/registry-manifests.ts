import { text } from 'node:stream/consumers';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { RegistryClient } from './registry-client.js';
import { manifestTypes } from './release-tags.js';

/** 404: it has gone. 405: a registry that takes no deletions keeps it, however often it is asked. */
const done = [202, 404, 405];

const Tags = z.object({ tags: z.array(z.string()).nullable() });

/** Manifests in the registry (OCI distribution specification). */
@Injectable()
export class RegistryManifests {
  constructor(private readonly client: RegistryClient) {}

  /** Removes a manifest and the tags that point to it; its blobs stay until the registry is collected. Throws `unavailable`. */
  async remove(repository: string, digest: string): Promise<void> {
    const response = await this.client.send(repository, { method: 'DELETE', path: `/v2/${repository}/manifests/${digest}` });
    if (!done.includes(response.statusCode ?? 0)) throw await this.client.failure(response);
    response.resume();
  }

  /** All tags of a repository; none where there is no such repository. Throws `unavailable`. */
  async tags(repository: string): Promise<string[]> {
    const response = await this.client.send(repository, { method: 'GET', path: `/v2/${repository}/tags/list` });
    if (response.statusCode === 404) return (response.resume(), []);
    if (response.statusCode !== 200) throw await this.client.failure(response);
    return Tags.parse(JSON.parse(await text(response))).tags ?? [];
  }

  /** The digest of the manifest that a tag points to; null where there is no such tag. Throws `unavailable`. */
  async digestOf(repository: string, tag: string): Promise<string | null> {
    const response = await this.client.send(repository, { method: 'HEAD', path: `/v2/${repository}/manifests/${tag}`, headers: { accept: manifestTypes } });
    response.resume();
    if (response.statusCode === 404) return null;
    if (response.statusCode !== 200) throw await this.client.failure(response);
    return String(response.headers['docker-content-digest']);
  }
}
