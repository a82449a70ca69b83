import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkout, givenUnder, moloHome, nodeProgram } from '../config.ts';
import { startOwnPlatform } from '../services/own-platform.ts';
import { locked } from '../setup/lock.ts';
import { installPackages } from '../setup/packages.ts';
import { main, step, StepFailed } from '../terminal/progress.ts';

const usualPairs = 10;
/** They say what is measured, and the platform that is measured begins without them. */
const settingsOfBench = 'MOLO_BENCH_';

/** Measures a platform of its own: `npm run bench`, or `npm run bench -- push changes --pairs 20`. */
await main(async () => {
  const { pairs, named } = wishes(process.argv.slice(2));
  const packages = { postgres: false, redis: false, engine: false, tests: false, bench: true };
  await locked(() => step('Debian packages', () => installPackages(packages, join(moloHome, 'log/setup/packages.log'))));
  const starting = startOwnPlatform('bench', { MOLO_NETWORK_POOL: '10.215.0.0/16' });
  await step('Start a platform of its own', async () => void (await starting));
  const platform = await starting;
  try {
    const child = spawn(nodeProgram, ['--disable-warning=ExperimentalWarning', join(checkout, 'infra/bench/run.ts'), String(pairs), ...named], { env: { ...platform.environment, ...givenUnder(settingsOfBench) }, stdio: 'inherit' });
    return await new Promise<number>((resolve, reject) => child.once('exit', (code) => resolve(code ?? 1)).once('error', reject));
  } finally {
    await step('Stop it', () => platform.end());
  }
});

function wishes(args: readonly string[]): { pairs: number; named: readonly string[] } {
  const flag = args.indexOf('--pairs');
  const pairs = flag < 0 ? usualPairs : Number(args[flag + 1]);
  if (!Number.isInteger(pairs) || pairs < 1) throw new StepFailed(`--pairs ${args[flag + 1] ?? ''} is not a number of pairs`, { advice: 'Give it a whole number from 1 on: npm run bench -- --pairs 20' });
  return { pairs, named: flag < 0 ? args : args.toSpliced(flag, 2) };
}
