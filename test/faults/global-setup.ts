import type { TestProject } from 'vitest/node';
import { startOwnPlatform } from '../../infra/services/own-platform.js';
import '../e2e/global-setup.js';
import { SmallDisk } from './small-disk.js';

/** Room for the platform's stores; a twentieth of it is filled up at once. */
const homeBytes = 6e9;

/** One platform for all specs that break things, on a disk of its own that they may fill; its builds end soon. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const disk = await SmallDisk.make(homeBytes);
  try {
    const platform = await startOwnPlatform('e2e', { MOLO_NETWORK_POOL: '10.214.0.0/16', MOLO_BUILD_TIMEOUT: '2m' }, disk.folder);
    project.provide('moloSettings', platform.settings);
    return async () => {
      await platform.end();
      await disk.remove();
    };
  } catch (error) {
    await disk.remove();
    throw error;
  }
}
