import type { Deployment, InstanceLogLine } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { molo, moloJson, type Outcome, WorkingCopy } from './platform.js';

/** All that does something to a terminal but showing itself, or turns text around. */
// oxlint-disable-next-line no-control-regex
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

describe('an app whose build and instances write what would harm a terminal', () => {
  let copy: WorkingCopy;
  let pushed: Outcome;

  beforeAll(async () => {
    copy = await WorkingCopy.of('hostile');
    await copy.commitFixture('bad/hostile-log');
    await copy.makeUnique();
    await copy.commit('Build anew');
    pushed = await copy.push();
    if (pushed.code !== 0) throw new Error(pushed.stderr.slice(-4000));
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  function expectHarmless(text: string, mostBytes: number): void {
    for (const shown of ['hostile lines begin', 'erased', 'link and clipboard', '<script>window.owned = true</script>', 'shown last', 'hostile lines end']) expect(text).toContain(shown);
    for (const hidden of ['OWNED', 'evil.example', 'shown first']) expect(text).not.toContain(hidden);
    expect(text.split('\n').filter((line) => harmful.test(line.trimEnd()))).toEqual([]);
    expect(text.length).toBeLessThan(mostBytes);
  }

  it('does nothing to that of whoever pushes, and fills it with no line without end', () => {
    const remote = pushed.stderr.split('\n').filter((line) => line.startsWith('remote:'));
    expect(remote.join('\n')).toMatch(/-----> Running npm run build[\s\S]*hostile lines end[\s\S]*\[web\.1\] hostile lines end/);
    expectHarmless(remote.join('\n'), 500_000);
    expect(Math.max(...remote.map((line) => line.length))).toBeLessThan(3000);
  });

  it('does nothing to that of whoever reads its log, or joins its deployment', async () => {
    await waitFor(async () => (await lines()).filter((text) => /^x+$/.test(text)).join('').length === 10_000_000, { timeoutMs: 60_000, what: 'the whole log' });
    expectHarmless((await molo('logs', '--app', 'hostile', '-n', '1000')).stdout, 11_000_000);
    const [deployment] = await moloJson<Deployment[]>('deployments', '--app', 'hostile');
    const joined = await molo('logs', '--deployment', deployment!.id);
    expectHarmless(joined.stdout + joined.stderr, 11_000_000);
  });

  it('is told to programs as JSON without a control character, as it was written', async () => {
    const { stdout } = await molo('logs', '--app', 'hostile', '-n', '1000', '--json');
    expect(stdout.split('\n').filter((line) => harmful.test(line))).toEqual([]);
    expect(await lines()).toContain('a NUL \0 in between');
  });

  it('fails with its reason at once where its last lines hold what no database keeps', async () => {
    await copy.write('server.js', "process.stdout.write(`a NUL \\0, and half a character at the bound ${'x'.repeat(1950)}${'😀'.repeat(30)}\\n`, () => process.exit(3));");
    await copy.commit('End at once');
    const { code, stderr } = await copy.push();
    expect([code, stderr]).toEqual([1, expect.stringContaining('web.1 ended with code 3')]);
    expect(stderr).toContain('half a character at the bound');
  });

  async function lines(): Promise<string[]> {
    const { stdout } = await molo('logs', '--app', 'hostile', '-n', '1000', '--json');
    return stdout.trim().split('\n').map((line) => (JSON.parse(line) as InstanceLogLine).text);
  }
});
