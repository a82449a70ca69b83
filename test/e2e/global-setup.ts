import type { TestProject } from 'vitest/node';
import { startOwnPlatform } from '../../infra/services/own-platform.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The settings of the platform under test, as in its molo.env. */
    moloSettings: Record<string, string>;
  }
}

/** One platform for all end-to-end specs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const platform = await startOwnPlatform('e2e', { MOLO_NETWORK_POOL: '10.214.0.0/16' });
  project.provide('moloSettings', platform.settings);
  return () => platform.end();
}
