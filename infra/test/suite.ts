import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, childEnvironment, nodeProgram } from '../config.ts';
import { makeFolder } from '../setup/files.ts';

export interface Outcome {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly tookMs: number;
  /** Set when the run as a whole went wrong, whatever its tests say. */
  readonly problem: string | undefined;
}

/** The part of vitest's JSON report that counts. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

/** Runs one vitest project to its end, or to the limit, and counts what its report holds. */
export async function runSuite(suite: string, limitMs: number): Promise<Outcome> {
  const folder = join(checkout, '.molo', 'test');
  const file = join(folder, `${suite}.json`);
  makeFolder(folder);
  rmSync(file, { force: true });
  const startedAt = performance.now();
  const args = [join(checkout, 'node_modules/vitest/vitest.mjs'), 'run', '--project', suite, '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const child = spawn(nodeProgram, args, { cwd: checkout, env: childEnvironment({ NODE_ENV: undefined, CI: '1', ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) }), stdio: 'inherit', timeout: Math.max(1, limitMs) });
  const end = await new Promise<number | string | null>((resolve, reject) => child.once('exit', (code, signal) => resolve(code ?? signal)).once('error', reject));
  const tookMs = performance.now() - startedAt;
  const isCut = tookMs >= limitMs;
  if (!existsSync(file)) return { suite, passed: 0, failed: 1, tookMs, problem: isCut ? 'it was not done within the time that all tests have, and was ended' : `vitest ended with ${end} and no report` };
  const { passed, failed } = count(JSON.parse(readFileSync(file, 'utf8')) as Report);
  return { suite, passed, failed, tookMs, problem: end === 0 || failed > 0 ? undefined : `vitest ended with ${end}` };
}

/** A file that could not even be loaded has no failed test in it, and counts as one. */
function count(report: Report): { passed: number; failed: number } {
  const broken = report.testResults.filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some((result) => result.status === 'failed'));
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}
