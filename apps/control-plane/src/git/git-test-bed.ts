import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { GitTestClient } from './git-test-client.js';
import { type GitTestPlatform, startGitTestPlatform, tokens } from './git-test-platform.js';

export interface GitTestBed {
  readonly platform: GitTestPlatform;
  readonly client: GitTestClient;
  /** The repository of myapp, with a token that may deploy. */
  readonly remote: string;
}

/** One platform for the specs of a file; each begins with no repository of myapp and a working copy of its own. */
export function withGitTestBed(take: (bed: GitTestBed) => void): void {
  let platform: GitTestPlatform;
  let client: GitTestClient;
  beforeAll(async () => {
    platform = await startGitTestPlatform();
  });
  afterAll(async () => {
    await platform.stop();
  });
  beforeEach(async () => {
    await platform.repositories.remove('myapp');
    platform.deployments.all.length = 0;
    platform.deployments.play = (deployment) => deployment.goLive();
    client = await new GitTestClient().init();
    take({ platform, client, remote: `${platform.url.replace('http://', `http://x:${tokens.deploy}@`)}/git/myapp.git` });
  });
  afterEach(() => client.remove());
}

/** What is stored of the source of the newest push. */
export async function storedSource({ blobs, deployments }: GitTestPlatform): Promise<Buffer> {
  return buffer(await blobs.open('myapp', deployments.last.push.sourceDigest));
}
