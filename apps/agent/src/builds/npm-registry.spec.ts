import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppError } from '@molo/contracts';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NpmRegistry } from './npm-registry.js';

const tarball = Buffer.from('the files of a package');
const integrity = (content: Buffer) => `sha512-${createHash('sha512').update(content).digest('base64')}`;

let folder: string;
let server: Server;
let url: string;
let announced: string;
let asked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molo-npm-'));
  announced = integrity(tarball);
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.endsWith('.tgz')) response.end(tarball);
    else response.end(JSON.stringify({ versions: { '1.0.0': { dist: { tarball: `${url}/a.tgz`, integrity: announced } } } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const registry = () => new NpmRegistry({ url, cacheFolder: folder, dispatcher: new Agent() });
const codeOf = (promise: Promise<unknown>) => promise.then(() => 'no error', (error: unknown) => (error as AppError).code);

describe('the npm registry', () => {
  it('is asked once for the versions of a package', async () => {
    const npm = registry();
    await npm.packument('@scope/a');
    await npm.packument('@scope/a');
    expect(asked).toEqual(['/@scope%2fa']);
  });

  it('is not needed for versions that an earlier agent asked for', async () => {
    await registry().packument('a');
    server.close();
    expect(Object.keys((await registry().packument('a')).versions)).toEqual(['1.0.0']);
  });

  it('gives files only as they were announced', async () => {
    const file = join(folder, 'a.tgz');
    await registry().download('a', '1.0.0', file);
    expect(await readFile(file)).toEqual(tarball);
    announced = integrity(Buffer.from('something else'));
    await rm(join(folder, 'npm-a.json'));
    expect(await codeOf(registry().download('a', '1.0.0', file))).toBe('unavailable');
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  it('is said to be out of reach when it is, and a version to be unknown when it is', async () => {
    expect(await codeOf(registry().download('a', '2.0.0', join(folder, 'a.tgz')))).toBe('runtime_version_unknown');
    server.close();
    server.closeAllConnections();
    expect(await codeOf(registry().packument('b'))).toBe('unavailable');
  });
});
