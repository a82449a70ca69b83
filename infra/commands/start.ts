import { rememberNode } from '../services/containers.ts';
import { showAddresses, startPlatform, untilWhole } from '../services/platform.ts';
import { locked } from '../setup/lock.ts';
import { setUp } from '../setup/set-up.ts';
import { main } from '../terminal/progress.ts';

await main(() =>
  locked(async () => {
    const platform = await setUp();
    await startPlatform(platform);
    await untilWhole(platform.settings);
    await rememberNode();
    showAddresses(platform.settings);
  }),
);
