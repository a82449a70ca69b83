import type { Instance } from '@molo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, moloJson, setting, visit, WorkingCopy } from './platform.js';

/** Molo's own stores and programs, which nobody but Molo has any business with. */
const privatePorts = ['MOLO_API_PORT', 'MOLO_DASHBOARD_PORT', 'MOLO_POSTGRES_PORT', 'MOLO_REDIS_PORT'] as const;
/** What the platform is for everybody. */
const publicPorts = ['MOLO_HTTP_PORT', 'MOLO_SSH_PORT', 'MOLO_REGISTRY_PORT'] as const;

describe('an app, while it is built and while it runs', () => {
  let copy: WorkingCopy;
  let other: WorkingCopy;
  let pushed: string;
  let neighbour: string;

  beforeAll(async () => {
    other = await WorkingCopy.of('neighbour');
    await other.commitFixture('myapp/1.0');
    if ((await other.push()).code !== 0) throw new Error('the neighbour did not go live');
    const [instance] = await moloJson<Instance[]>('ps', '--app', 'neighbour');
    const container = (await command('docker', ['ps', '-q', '--filter', `label=molo.instance=${instance!.id}`])).stdout.trim();
    neighbour = (await command('docker', ['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container])).stdout.trim();
    copy = await WorkingCopy.of('reacher');
    await copy.commitFixture('reacher');
    await copy.write('targets', [...[...privatePorts, ...publicPorts].map((name) => `gateway:${setting(name)}`), `${neighbour}:8080`].map((line) => `${line}\n`).join(''));
    await copy.makeUnique();
    await copy.commit('Name the targets');
    const { code, stderr } = await copy.push();
    pushed = stderr;
    if (code !== 0) throw new Error(stderr);
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  const instanceReaches = async (host: string, port: string) => (JSON.parse((await visit('reacher', `/?host=${host}&port=${port}`)).body) as { reached: boolean }).reached;

  it.each(privatePorts)('reaches no store and no program of Molo: %s', async (name) => {
    expect(await instanceReaches('gateway', setting(name))).toBe(false);
    expect(pushed).toContain(`gateway:${setting(name)} is not reached`);
  });

  it.each(publicPorts)('reaches what the platform is for everybody: %s', async (name) => {
    expect(await instanceReaches('gateway', setting(name))).toBe(true);
    expect(pushed).toContain(`gateway:${setting(name)} is reached`);
  });

  it('reaches no instance of another environment', async () => {
    expect(neighbour).toMatch(/^10\./);
    expect(await instanceReaches(neighbour, '8080')).toBe(false);
    expect(pushed).toContain(`${neighbour}:8080 is not reached`);
  });
});
