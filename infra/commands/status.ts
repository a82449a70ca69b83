import { readSettings } from '../setup/settings.ts';
import { showStatus, statusOf } from '../services/status.ts';
import { main } from '../terminal/progress.ts';

const notRunningExitCode = 3;

await main(async () => {
  const settings = readSettings();
  const parts = await statusOf(settings);
  showStatus(parts, settings, { asJson: process.argv.includes('--json') });
  return parts.length > 0 && parts.every((part) => part.state === 'up') ? 0 : notRunningExitCode;
});
