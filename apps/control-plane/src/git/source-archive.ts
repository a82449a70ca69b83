import { text } from 'node:stream/consumers';
import { createZstdCompress } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { type StoredBlob, RegistryBlobs } from '../registry/registry-blobs.js';
import { endOf, gitFailure, spawnGit } from './git-command.js';
import { Repositories } from './repositories.js';

/**
 * The tree of a commit as a tar, compressed by zstd, in the app's repository in the registry. Made of the commit, not of its tree alone:
 * git gives the files the commit's time, which web servers make their ETags of.
 */
@Injectable()
export class SourceArchive {
  constructor(
    private readonly repositories: Repositories,
    private readonly blobs: RegistryBlobs,
  ) {}

  /** @param refused aborts when nobody wants it any more */
  async store(appName: string, commitId: string, refused: AbortSignal): Promise<StoredBlob> {
    const args = ['-C', this.repositories.pathOf(appName), 'archive', '--format=tar', commitId];
    const child = spawnGit(args);
    child.stdin.end();
    const ended = mustSucceed(args, endOf(child), text(child.stderr));
    ended.catch(() => undefined); // heard by the upload, where it gets that far
    refused.addEventListener('abort', () => child.kill());
    const compressed = child.stdout.pipe(createZstdCompress());
    child.stdout.once('error', (error) => compressed.destroy(error));
    try {
      // The blob is complete only when git says that the archive is: its name is not given away before.
      return await this.blobs.upload(appName, compressed, () => ended);
    } finally {
      // A registry that refuses in the middle leaves the rest unread, and git waiting for ever to write it.
      child.stdout.destroy();
      compressed.destroy();
    }
  }
}

async function mustSucceed(args: readonly string[], ended: Promise<number | null>, complaint: Promise<string>): Promise<void> {
  const code = await ended;
  if (code !== 0) throw gitFailure(args, code, await complaint);
}
