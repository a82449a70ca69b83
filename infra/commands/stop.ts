import { stopPlatform } from '../services/platform.ts';
import { keptServices } from '../services/supervisor.ts';
import { stopOwnContainers } from '../services/containers.ts';
import { locked } from '../setup/lock.ts';
import { main, say } from '../terminal/progress.ts';

await main(() =>
  locked(async () => {
    const all = process.argv.includes('--all');
    if (keptServices().length === 0) return say('Molo is not set up here; nothing runs.');
    if (all) say('Stopping everything: the apps go down until the next npm start.');
    await stopPlatform({ all: false });
    if (all) {
      await stopOwnContainers();
      await stopPlatform({ all: true });
    }
    say(all ? 'Everything is stopped. Start again with: npm start' : 'The platform is stopped. Apps go on serving; npm stop -- --all stops these too. Start again with: npm start');
  }),
);
