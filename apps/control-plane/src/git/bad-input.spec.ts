import { spawnSync } from 'node:child_process';
import type { Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BranchName } from '@molo/contracts';
import * as fc from 'fast-check';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { parseScopes } from '../registry/registry-scopes.js';
import { boundedInput } from './git-input.js';
import { HookConnection } from './hook-connection.js';
import { flush, packet, packets } from './pkt-line.js';
import { newHostKey } from './ssh-host-key.js';
import { parseGitCommand } from './ssh-session.js';
import { terminalLines } from './terminal-text.js';

async function read(chunks: readonly Buffer[]): Promise<(Buffer | null)[]> {
  const found: (Buffer | null)[] = [];
  for await (const each of packets(Readable.from(chunks))) found.push(each);
  return found;
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted((a, b) => a - b);
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

describe('pkt-lines', () => {
  it('are read as they were written, however they are cut on their way', async () => {
    const line = fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), fc.constant(null));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(3000), { maxLength: 10 }), async (lines, places) => {
        const whole = Buffer.concat(lines.map((each) => (each === null ? flush : packet(each))));
        expect(await read(cut(whole, places))).toEqual(lines);
      }),
    );
  });

  it('of any bytes are lines of a length that git allows, or are refused', async () => {
    const hostile = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom('0000', '0001', '0003', '0004', 'ffff', 'FFFF', '-001', '0x10', ' 12 ', '0005a'), { maxLength: 6 }).map((parts) => Buffer.from(parts.join(''))));
    await fc.assert(
      fc.asyncProperty(hostile, async (bytes) => {
        const outcome = await read([Buffer.from(bytes)]).catch((error: Error) => error.message);
        if (typeof outcome === 'string') expect(outcome).toMatch(/^not a pkt-line header: /);
        else expect(outcome.every((each) => each === null || each.length <= 65_516)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are never written longer than git reads them', () => {
    expect(packet(Buffer.alloc(65_516)).toString('latin1', 0, 4)).toBe('fff0');
    expect(() => packet(Buffer.alloc(65_517))).toThrow('at most 65516 bytes');
  });
});

it('what a client says before its pack is counted, and its pack is not, however both are cut on their way', async () => {
  const line = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => packet(Buffer.from(bytes))), fc.constant(flush), fc.constant(Buffer.from('0001')));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.uint8Array({ maxLength: 3000 }), fc.array(fc.nat(6000), { maxLength: 10 }), async (lines, pack, places) => {
      const words = Buffer.concat([...lines, Buffer.from('PACK')]);
      const whole = Buffer.concat([words, pack]);
      const bounded = (most: number) => buffer(Readable.from(boundedInput(Readable.from(cut(whole, places)), 'git-receive-pack', most)));
      expect((await bounded(words.length)).equals(whole)).toBe(true);
      await expect(bounded(words.length - 1)).rejects.toMatchObject({ code: 'payload_too_large' });
    }),
  );
});

it('the frames for a hook are as many and as long as what was said, whatever it was', async () => {
  const said = fc.oneof(fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ channel: 1, bytes: Buffer.from(bytes) })), fc.string({ unit: 'binary', minLength: 1 }).map((text) => ({ channel: 2, bytes: Buffer.from(text) })));
  await fc.assert(
    fc.asyncProperty(fc.array(said, { maxLength: 6 }), fc.nat(255), async (frames, code) => {
      const socket = new PassThrough();
      const connection = new HookConnection(socket as unknown as Socket);
      for (const { channel, bytes } of frames) await (channel === 1 ? connection.answer(bytes) : connection.say([bytes.toString()]));
      await connection.exit(code);
      const expected = [...frames.map(({ channel, bytes }) => [channel, channel === 1 ? bytes : Buffer.from(`${bytes.toString()}\n`)] as const), [3, Buffer.from([code])] as const];
      expect(framesIn(Buffer.concat(await socket.toArray()))).toEqual(expected);
    }),
  );
});

/** As the hook's program reads them. */
function framesIn(bytes: Buffer): [number, Buffer][] {
  const frames: [number, Buffer][] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 5 + bytes.readUInt32BE(offset + 1);
    frames.push([bytes.readUInt8(offset), bytes.subarray(offset + 5, end)]);
    offset = end;
  }
  return frames;
}

describe('the command of an SSH client', () => {
  it('is git with one repository, or is nothing that is known', () => {
    const part = fc.constantFrom('git-upload-pack', 'git receive-pack', "'", '/a.git', ' ', ';', '$(x)', '`', '\n', '\0', '--exec=x', '|', '..');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))), (command) => {
        const parsed = parseGitCommand(command);
        if (parsed) expect([['git-upload-pack', 'git-receive-pack'].includes(parsed.service), parsed.repository.includes("'"), parsed.repository.length > 0]).toEqual([true, false, true]);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the repository that git quoted', () => {
    fc.assert(fc.property(fc.stringMatching(/^\/?[a-z][a-z0-9 -]{0,20}(\.git)?$/), (repository) => {
      expect(parseGitCommand(`git-receive-pack '${repository}'`)).toEqual({ service: 'git-receive-pack', repository });
    }));
  });
});

it('the names of branches that Molo takes are names that git takes, and no options', () => {
  const part = fc.constantFrom('a', '/', '.', '..', '-', '@', '@{', '.lock', 'HEAD', 'refs/heads/', ':', '?', '*', '^', '\\', '\u007f', '\u0001', '\u202e', '[', ']', '~', 'é', '{', '😀', '\ud83d', ' ');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')), (name) => {
      if (!BranchName.safeParse(name).success) return;
      // `--branch` reads @{-1} and the like anew; there is nothing of that in a name that is taken.
      expect([name, spawnSync('git', ['check-ref-format', '--branch', name]).status]).toEqual([name, 0]);
    }),
    { numRuns: 500 },
  );
  expect(['main', 'feature/x-1', 'release.1', 'a@b', 'été'].map((name) => BranchName.safeParse(name).success)).toEqual([true, true, true, true, true]);
  const refused = ['-f', '.a', 'a/.b', 'a.lock/b', 'a.lock', '@', 'HEAD', 'refs/heads/x', 'a@{b', 'a..b', 'a.', 'a//b', 'a/', '/a', 'a b', 'a~', 'a^', 'a:b', 'a?', 'a*', 'a[', 'a\\b', 'a\u0007', 'é'.repeat(130)];
  expect(refused.filter((name) => BranchName.safeParse(name).success)).toEqual([]);
});

it('what is asked of the registry is read whole, and no more of it than anybody needs', () => {
  const scope = fc.record({ type: fc.stringMatching(/^[a-z]{1,8}$/), name: fc.stringMatching(/^[a-z0-9/._-]{1,20}$/), actions: fc.subarray(['pull', 'push', '*'], { minLength: 1 }) });
  fc.assert(fc.property(fc.array(scope, { maxLength: 20 }), (scopes) => {
      expect(parseScopes([scopes.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')])).toEqual(scopes);
    }));
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      expect(parseScopes(texts).length).toBeLessThanOrEqual(20);
    }));
});

it('no text of a stranger does anything to a terminal but show itself', () => {
  const part = fc.constantFrom('\u001b', '\u001b[', '\u001b]0;title\u0007', '\u009b31m', '\u009d8;;http://x\u009c', '\u001bP', '\u001b\\', '[31m', '\u0007', '\r', '\n', '\u0008', '\u202e', '\u061c', '\u200f', '\u2066', 'x', '\0');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))), (text) => {
      // oxlint-disable-next-line no-control-regex
      for (const line of terminalLines(text)) expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    }),
    { numRuns: 1000 },
  );
  expect(terminalLines(`a${'\u001b]0;'.repeat(100_000)}`).join('').length).toBeLessThan(2100);
});

it('a host key that ssh2 wrote and cannot read is not kept', () => {
  const good = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private;
  const keys = [good.replace(/\n[^-\n]{20}/, '\n'), good];
  expect(newHostKey(() => keys.shift() ?? '')).toBe(good);
});
