import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { checkout } from '../config.ts';
import { makeFolder, writeAtomically } from '../setup/files.ts';
import { paint, say } from '../terminal/progress.ts';
import type { Figure, Series } from './figures.ts';

export const resultFile = join(checkout, '.molo', 'bench', 'result.json');

/** What was measured, on a terminal and as JSON. @returns whether every goal was met */
export function report(figures: readonly Figure[]): boolean {
  for (const figure of figures) show(figure);
  makeFolder(join(checkout, '.molo', 'bench'));
  writeAtomically(resultFile, `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), figures }, null, 2)}\n`);
  const met = figures.filter(({ isMet }) => isMet).length;
  say(`\n${met} of ${figures.length} goals are met. Written to ${resultFile}`);
  return met === figures.length;
}

function show({ name, unit, molo, floor, floorIs, goal, isMet, notes }: Figure): void {
  say(`\n${isMet ? paint.green('✓') : paint.red('✗')} ${paint.bold(name)}`);
  say(`  molo   ${text(molo, unit)}`);
  if (floor) say(`  beside ${text(floor, unit)}  ${paint.dim(floorIs)}`);
  say(`  goal   ${goal}`);
  for (const note of notes) say(paint.dim(`         ${note}`));
}

function text({ median, min, max, p99, count }: Series, unit: string): string {
  const figure = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
  return count === 1 ? `${figure(median)} ${unit}` : `${figure(median)} ${unit}  (${figure(min)} to ${figure(max)}, p99 ${figure(p99)}, n ${count})`;
}

function machine(): Record<string, string | number> {
  const version = (program: string, ...args: string[]) => {
    try {
      return execFileSync(program, args, { encoding: 'utf8' }).trim().split('\n')[0] ?? '';
    } catch {
      return 'not there';
    }
  };
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    docker: version('docker', 'version', '--format', '{{.Server.Version}}'),
    haproxy: version('haproxy', '-v'),
    git: version('git', '--version'),
    postgres: version('psql', '--version'),
    commit: version('git', '-C', checkout, 'rev-parse', 'HEAD'),
  };
}
