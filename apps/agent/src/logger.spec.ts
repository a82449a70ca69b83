import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

/** More than a pipe holds, and more than is kept waiting. */
const lines = 20_000;

it('holds nobody up when nobody takes what is logged', async () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)};
    const log = createLog({ logLevel: 'info', nodeName: 'node' });
    for (let line = 0; line < ${lines}; line += 1) log.info({ line }, 'x'.repeat(100));
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`;
  // Its standard output is a pipe that is not read.
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(20_000) });
  // Reading from it would let it go on: it is only ended.
  await ended.finally(() => child.kill('SIGKILL'));
  expect(child.signalCode).toBe('SIGKILL');
});
