import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, waitFor } from '@molo/testkit';
import { Client } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { Notifications } from './notifications.js';

/** Outside of a transaction: what is said is said at once. */
const manager = {} as EntityManager;
let database: TestDatabase;
let overhearing: Client;
let overheard: string[];
const open: Notifications[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  overhearing = new Client({ connectionString: database.url });
  await overhearing.connect();
  overheard = [];
  overhearing.on('notification', ({ channel, payload }) => overheard.push(`${channel} ${payload ?? ''}`));
  await overhearing.query('listen wake');
});

afterEach(async () => {
  for (const notifications of open.splice(0)) await notifications.onApplicationShutdown();
  await overhearing.end();
  await database.drop();
});

/** A control plane's, and all that it hears on one channel. */
async function start(): Promise<{ notifications: Notifications; heard: (string | null)[] }> {
  const notifications = new Notifications(database.url, { subscribers: [] } as unknown as DataSource);
  open.push(notifications);
  const heard: (string | null)[] = [];
  notifications.listen('wake', (payload) => heard.push(payload));
  await notifications.onApplicationBootstrap();
  return { notifications, heard };
}

describe('notifications', () => {
  it('are heard in the same process at once, and by other control planes in both directions', async () => {
    const [one, two] = [await start(), await start()];
    await one.notifications.notify(manager, 'wake', 'from one');
    expect(one.heard.at(-1)).toBe('from one');
    await waitFor(() => two.heard.includes('from one'), { what: 'the other to hear it' });
    await two.notifications.notify(manager, 'wake', 'from two');
    await waitFor(() => one.heard.includes('from two'), { what: 'the first to hear the other' });
  });

  it('go to nobody while there is nobody, and to whoever comes, who looks again at all that was said before', async () => {
    const one = await start();
    const silent = 'while alone';
    // Until it knows that nobody is there it says all: what it says last is then overheard before anything else could be.
    let probes = 0;
    await waitFor(async () => {
      const probe = `probe ${probes++}`;
      await one.notifications.notify(manager, 'wake', probe);
      await waitFor(() => overheard.some((said) => said.endsWith(probe)), { timeoutMs: 200, what: probe }).catch(() => undefined);
      return !overheard.some((said) => said.endsWith(probe));
    }, { timeoutMs: 10_000, what: 'it to find itself alone' });
    await one.notifications.notify(manager, 'wake', silent);
    expect(one.heard.at(-1)).toBe(silent);
    const two = await start();
    await waitFor(() => one.heard.at(-1) === null && two.heard.includes(null), { what: 'both to look again' });
    await one.notifications.notify(manager, 'wake', 'at last');
    await waitFor(() => two.heard.includes('at last'), { what: 'the new one to hear' });
    expect(two.heard).not.toContain(silent);
  });
});
