import { setTimeout as pause } from 'node:timers/promises';
import type { LogChunk } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { BuildLog } from './build-log.js';

function open(secrets: string[] = [], send: (chunks: LogChunk[]) => Promise<void> = async () => undefined) {
  const chunks: LogChunk[] = [];
  const log = new BuildLog({ buildId: 'b', deploymentId: 'd', attempt: 'a', secrets, send: async (sent) => (chunks.push(...sent), send(sent)) });
  return { log, chunks, text: async () => (await log.close(), chunks.map((chunk) => chunk.text).join('\n')) };
}

describe('the log of a build', () => {
  it('indents details below headings', async () => {
    const { log, text } = open();
    log.heading('Node app detected');
    log.detail('Node 24.1.0');
    expect(await text()).toBe('-----> Node app detected\n       Node 24.1.0');
  });

  it('sends lines in order, in few chunks, each with a key of its own', async () => {
    const { log, chunks, text } = open();
    for (let line = 0; line < 1000; line += 1) log.output(`line ${line}`);
    expect((await text()).split('\n')).toEqual(Array.from({ length: 1000 }, (_, line) => `       line ${line}`));
    expect(chunks.length).toBeLessThan(10);
    expect(new Set(chunks.map(({ key }) => key)).size).toBe(chunks.length);
  });

  it('sends what a program writes while the control plane takes its time together, once it took what came before', async () => {
    let take: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    const { log, chunks, text } = open([], () => taken);
    for (let line = 0; line < 100; line += 1) {
      log.output(`line ${line}`);
      await pause(2);
    }
    take();
    expect((await text()).split('\n')).toHaveLength(100);
    expect(chunks).toHaveLength(2);
  });

  it('shows no secret, nor a line of one', async () => {
    const { log, text } = open(['sesame', 'sesame-open', 'first line\nsecond line', 'abc']);
    log.output('token=sesame-open and sesame; second line; abc');
    expect(await text()).toBe('       token=[hidden] and [hidden]; [hidden]; abc');
  });

  it('leaves out what would move the cursor or colour a terminal', async () => {
    const { log, text } = open();
    log.output('\u001b[31mred\u001b[0m \u001b]0;title\u0007plain\u0000\r');
    log.output('10%\r50%\r100%');
    expect(await text()).toBe('       red plain\n       100%');
  });

  it('ends at ten megabytes and says so', async () => {
    const { log, chunks, text } = open();
    for (let line = 0; line < 3000; line += 1) log.output('x'.repeat(5000));
    const written = await text();
    expect(Buffer.byteLength(written)).toBeLessThan(10.1 * 1024 ** 2);
    expect(Math.max(...chunks.map((chunk) => chunk.text.length))).toBeLessThan(300 * 1024);
    expect(written).toMatch(/The log is longer than 10 MB; the rest is left out\.$/);
  });

  it('does not fail a build when it cannot be delivered', async () => {
    const { log } = open([], () => Promise.reject(new Error('away')));
    log.heading('a');
    await expect(log.close()).resolves.toBeUndefined();
  });
});
