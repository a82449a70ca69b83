import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../config.ts';
import { say, StepFailed } from '../terminal/progress.ts';

const patienceMs = 500;

/** One set-up, start or stop at a time in a checkout. The lock goes with this process, however it ends. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const folder = join(checkout, '.molo');
  const lock = join(folder, 'lock');
  mkdirSync(folder, { recursive: true });
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const notice = setTimeout(() => say('another set-up, start or stop is running in this checkout: waiting for its end …'), patienceMs);
  const isOurs = await new Promise<boolean>((resolve) => {
    holder.stdout.once('data', () => resolve(true));
    holder.once('error', () => resolve(false)).once('exit', () => resolve(false));
  });
  clearTimeout(notice);
  if (!isOurs) throw new StepFailed(`${lock} cannot be locked`, { advice: `Run it as the user whose checkout this is, with flock (of Debian's package util-linux) installed.` });
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}
