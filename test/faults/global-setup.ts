import type { TestProject } from 'vitest/node';
import { startOwnPlatform } from '../../infra/services/own-platform.js';
import '../e2e/global-setup.js';

/** One platform for all specs that break things; its builds end soon. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const platform = await startOwnPlatform('e2e', { MOLO_NETWORK_POOL: '10.214.0.0/16', MOLO_BUILD_TIMEOUT: '2m' });
  project.provide('moloSettings', platform.settings);
  return () => platform.end();
}
