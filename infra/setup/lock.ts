import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../config.ts';
import { say } from '../terminal/progress.ts';

const patienceMs = 500;

/** One set-up, start or stop at a time in a checkout. The lock goes with this process, however it ends. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const folder = join(checkout, '.molo');
  mkdirSync(folder, { recursive: true });
  const holder = spawn('flock', [join(folder, 'lock'), 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const notice = setTimeout(() => say('another set-up, start or stop is running in this checkout: waiting for its end …'), patienceMs);
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.stdout.once('data', () => resolve());
  });
  clearTimeout(notice);
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}
