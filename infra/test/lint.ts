import { spawn } from 'node:child_process';
import { checkout, nodeProgram } from '../config.ts';
import { say, paint } from '../terminal/progress.ts';

/** Holds the code to .oxlintrc.json; warnings are left to the reader. */
export async function lint(): Promise<boolean> {
  say(`\n${paint.bold('lint')}`);
  const child = spawn(nodeProgram, ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet'], { cwd: checkout, stdio: 'inherit' });
  return await new Promise<boolean>((resolve, reject) => child.once('exit', (code) => resolve(code === 0)).once('error', reject));
}
