import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { ingressPaths, ingressSettingsFrom } from './config.js';
import { StateFiles } from './disk.js';
import { emptyPool, emptyProxyState, poolName } from './proxy-state.js';

it('what changes while the files are written is in them when they are written now', async () => {
  const home = await mkdtemp(join(tmpdir(), 'molo-ingress-'));
  try {
    // Stands for a HAProxy that takes its time to read a configuration.
    const haproxy = join(home, 'haproxy');
    const gate = join(home, 'gate');
    await writeFile(haproxy, `#!/bin/sh\nuntil [ -e ${gate} ]; do sleep 0.01; done\n`);
    await chmod(haproxy, 0o755);
    const settings = { ...ingressSettingsFrom(), home, haproxy };
    const { config } = ingressPaths(home);
    const files = new StateFiles(settings, pino({ level: 'silent' }));
    const state = emptyProxyState(1);

    files.save(state);
    await waitFor(() => existsSync(`${config}.next`), { what: 'the first writing to begin' });
    state.pools.set(poolName(2), emptyPool(poolName(2)));
    const written = files.saveNow(state);
    await writeFile(gate, '');
    await written;

    expect(await readFile(config, 'utf8')).toContain('backend pool-0002 ');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
