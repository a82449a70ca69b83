import { runSuite, type Outcome } from '../test/suite.ts';
import { prepare } from '../test/prepare.ts';
import { locked } from '../setup/lock.ts';
import { main, paint, say, seconds, StepFailed } from '../terminal/progress.ts';
import { lint } from '../test/lint.ts';

/** In this order: what is quick and needs little comes first. */
const usualSuites = ['feature', 'engine', 'e2e'] as const;
/** `faults` breaks everything at every step, and takes its time: it runs where it is named. */
const suites = [...usualSuites, 'faults'] as const;
/** All of it together; a suite that hangs is ended. */
const limitMs = 75 * 60_000;
const limitWithFaultsMs = 180 * 60_000;

await main(async () => {
  const named = process.argv.slice(2);
  const deadline = Date.now() + (named.includes('faults') ? limitWithFaultsMs : limitMs);
  const unknown = named.filter((name) => !suites.some((suite) => suite === name));
  if (unknown.length > 0) throw new StepFailed(`there is no suite ${unknown.join(', ')}`, { advice: `Name one or more of ${suites.join(', ')}, or none for all but faults: npm test feature` });
  await locked(() => prepare());
  const isClean = await lint();
  const outcomes: Outcome[] = [];
  for (const suite of named.length === 0 ? usualSuites : suites.filter((name) => named.includes(name))) {
    say(`\n${paint.bold(suite)}`);
    outcomes.push(await runSuite(suite, deadline - Date.now()));
  }
  return report(outcomes, isClean);
});

function report(outcomes: readonly Outcome[], isClean: boolean): number {
  say();
  for (const { suite, passed, failed, tookMs, problem } of outcomes) say(`${suite.padEnd(8)} ${passed} passed, ${failed} failed in ${seconds(tookMs)}${problem ? paint.red(`  ${problem}`) : ''}`);
  if (!isClean) say(paint.red('lint     the code breaks rules of .oxlintrc.json; see above'));
  const [passed, failed] = [sum(outcomes, 'passed'), sum(outcomes, 'failed')];
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return passed > 0 && failed === 0 && isClean && outcomes.every(({ problem }) => !problem) ? 0 : 1;
}

function sum(outcomes: readonly Outcome[], figure: 'passed' | 'failed'): number {
  return outcomes.reduce((total, outcome) => total + outcome[figure], 0);
}
