import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { raiseOpenFiles } from './programs.ts';

const limitAfter = (...before: string[]) => execFileSync('sh', ['-c', [...before, 'ulimit -n'].join('\n')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
/** Root in a container may not. */
const mayRaise = limitAfter('ulimit -n 1000; ulimit -n 2000 || :') === '2000';

it.runIf(mayRaise)('a program that takes connections may open files for ten thousand of them, however low the limit of the machine', () => {
  expect(limitAfter('ulimit -n 1000', ...raiseOpenFiles)).toBe('65536');
});

it('a program that takes connections has all that the machine lets it have', () => {
  const hard = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  expect(Number(limitAfter('ulimit -Sn 256', ...raiseOpenFiles))).toBeGreaterThanOrEqual(Math.min(Number(hard), 65_536) || 65_536);
});
