import { locked } from '../setup/lock.ts';
import { setUp } from '../setup/set-up.ts';
import { main, say } from '../terminal/progress.ts';

await main(async () => {
  await locked(() => setUp());
  say('\nAll is set up. Start the platform with: npm start');
});
