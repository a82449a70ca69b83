import { readSettings } from '../setup/settings.ts';
import { showStatus, statusOf } from '../services/status.ts';
import { main } from '../terminal/progress.ts';

const notRunningExitCode = 3;

await main(async () => {
  const parts = await statusOf(readSettings());
  showStatus(parts, { asJson: process.argv.includes('--json') });
  return parts.length > 0 && parts.every((part) => part.state === 'up') ? 0 : notRunningExitCode;
});
