import { startPlatform } from '../services/platform.ts';
import { setUp } from '../setup/set-up.ts';

/** What the tests need: packages, the build, and an engine, which is started where none answers. */
export async function prepare(): Promise<void> {
  const platform = await setUp({ forTests: true });
  const engine = platform.services.filter((service) => service.name === 'dockerd');
  if (engine.length > 0) await startPlatform({ ...platform, services: engine });
}
