import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import { app, staging } from '../testing/things.js';

const bed = new Bed();

describe('environments', () => {
  test('are listed, made and removed, and production is not', async () => {
    const { asked } = await bed.serve({ listEnvironments: () => ({ items: [...app.environments, staging] }), createEnvironment: () => staging, getEnvironment: () => staging, removeEnvironment: () => undefined });
    const molo = (...args: string[]) => bed.home.molo(['environments', ...args, '--app', 'myapp']);
    expect((await molo()).stdout.split('\n').map((each) => each.split(/ +/).slice(0, 2))).toEqual([['ENVIRONMENT', 'RELEASE'], ['production', 'v3'], ['staging', '-'], ['']]);
    expect((await molo('create', 'staging')).stdout).toContain('git push molo HEAD:staging');
    expect(await molo('remove', 'staging', '--yes')).toMatchObject({ code: 0, stdout: 'Removed staging of myapp.\n' });
    expect(await molo('remove', 'production', '--yes')).toMatchObject({ code: 6, stderr: expect.stringContaining('molo apps delete myapp') as string });
    expect(await molo('create', 'a--b')).toMatchObject({ code: 2, stderr: expect.stringContaining('two hyphens') as string });
    expect(asked.map(({ name }) => name)).toEqual(['listEnvironments', 'createEnvironment', 'getEnvironment', 'removeEnvironment']);
  });
});
