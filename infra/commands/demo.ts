import { rememberNode } from '../services/containers.ts';
import { showAddresses, startPlatform, untilWhole } from '../services/platform.ts';
import { locked } from '../setup/lock.ts';
import { portSuffix } from '../setup/settings.ts';
import { setUp } from '../setup/set-up.ts';
import { main, paint, say } from '../terminal/progress.ts';

await main(async () => {
  const settings = await locked(async () => {
    const platform = await setUp();
    await startPlatform(platform);
    await untilWhole(platform.settings);
    await rememberNode();
    return platform.settings;
  });
  // It stands on npm packages, which are there only now.
  const { app, deliverMyApp } = await import('../demo/story.ts');
  const good = await deliverMyApp(settings);
  showAddresses(settings);
  say(`${paint.bold('MyApp')}      http://${app}.${settings['MOLO_DOMAIN']}${portSuffix(settings)}`);
  return good ? 0 : 1;
});
