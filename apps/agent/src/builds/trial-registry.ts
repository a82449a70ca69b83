import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real Distribution on a free loopback port, without authentication; its blobs can be counted. */
export class TrialRegistry {
  private constructor(
    readonly host: string,
    readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<TrialRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'molo-registry-'));
    const port = await freePort();
    const config = join(folder, 'config.yml');
    await writeFile(config, `version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/data\nhttp:\n  addr: 127.0.0.1:${port}\n`);
    const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    const registry = new TrialRegistry(`127.0.0.1:${port}`, folder, child);
    for (let attempt = 0; !(await registry.answers()); attempt += 1) if (attempt > 2000) throw new Error('the registry does not answer');
    return registry;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await new Promise((resolve) => this.child.once('exit', resolve));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Stores a blob and returns its digest. */
  async upload(repository: string, content: Buffer): Promise<string> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const begun = await fetch(`http://${this.host}/v2/${repository}/blobs/uploads/?${randomUUID()}`, { method: 'POST' });
    const url = new URL(begun.headers.get('location') ?? '');
    url.searchParams.set('digest', digest);
    const done = await fetch(url, { method: 'PUT', body: new Uint8Array(content), headers: { 'content-type': 'application/octet-stream' } });
    if (done.status !== 201) throw new Error(`the registry answered ${done.status}`);
    return digest;
  }

  /** What its blobs take on disk. */
  async storedBytes(): Promise<number> {
    const entries = await readdir(join(this.folder, 'data/docker/registry/v2/blobs'), { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  private async answers(): Promise<boolean> {
    return fetch(`http://${this.host}/v2/`).then(
      (response) => response.ok,
      () => new Promise((resolve) => setTimeout(resolve, 5, false)),
    );
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
