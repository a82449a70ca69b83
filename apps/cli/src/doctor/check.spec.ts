import { AppError } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { examine, exitCodeOf, NotSeen, ok, problem, warning } from './check.js';
import { diskFinding, worst } from './fullness.js';
import { checkForwarding, checkMemory, diskOf } from './machine-checks.js';
import { isAtLeast } from './version-order.js';

describe('a check', () => {
  test('that throws is a problem', async () => {
    const thrower = (error: Error) => ({ name: 'x', run: () => Promise.reject(error) });
    const [broken, told, unseen] = await Promise.all(examine([thrower(new TypeError('no such thing')), thrower(new AppError('conflict', { detail: 'Do this.' })), thrower(new NotSeen('it is dark', 'Make light.'))], new AbortController().signal));
    expect(broken).toEqual(problem('the check itself broke: no such thing', 'Please report this line.'));
    expect(told).toEqual(problem('Its present state does not allow this', 'Do this.'));
    expect(unseen).toEqual(warning('not seen: it is dark', 'Make light.'));
  });

  test('that throws at once, before it is asked to wait, is a problem too', async () => {
    const [finding] = await Promise.all(examine([{ name: 'x', run: () => { throw new Error('early'); } }], new AbortController().signal));
    expect(finding?.status).toBe('problem');
  });

  test('that never ends is a problem when the time is over, and holds up no other', async () => {
    const end = new AbortController();
    const [endless, other] = examine([{ name: 'endless', run: () => new Promise(() => undefined) }, { name: 'other', run: () => Promise.resolve(ok('here')) }], end.signal);
    expect(await other).toEqual(ok('here'));
    end.abort();
    expect(await endless).toMatchObject({ status: 'problem', found: 'nothing was found out in time' });
  });

  test('ends the command with 7 where there is a problem, with 0 where there are warnings alone', () => {
    expect(exitCodeOf([ok('a'), warning('b', 'c')])).toBe(0);
    expect(exitCodeOf([ok('a'), problem('b', 'c')])).toBe(7);
  });
});

describe('what is found', () => {
  test.each([[0.85, 'ok'], [0.851, 'warning'], [0.95, 'warning'], [0.951, 'problem']])('of a disk that is filled to %f is %s', (share, expected) => {
    expect(diskFinding('it', share, 'Free some.').status).toBe(expected);
  });

  test('of a disk that is short of files is told beside one that is short of bytes', () => {
    const disk = (bytes: number, files: number) => diskOf('/x', { blocks: 1000, bfree: 1000 - bytes, bavail: 1000 - bytes, files: 1000, ffree: 1000 - files }, 'Free some.');
    expect(disk(100, 100)).toMatchObject({ status: 'ok', found: 'the disk of /x is 10 % full' });
    expect(disk(860, 990)).toMatchObject({ status: 'problem', found: 'the table of files on the disk of /x is 99 % full' });
    expect(disk(960, 860)).toMatchObject({ status: 'problem', found: 'the disk of /x is 96 % full' });
    expect(diskOf('/x', { blocks: 1000, bfree: 900, bavail: 900, files: 0, ffree: 0 }, 'Free some.').status).toBe('ok');
  });

  test('of several things is told of those that are worst off', () => {
    expect(worst([ok('a'), problem('b', 'do'), warning('c', 'x'), problem('d', 'y')])).toEqual(problem('b, d', 'do'));
  });

  test.each([[50, 'ok'], [9, 'warning'], [2, 'problem']])('of memory with %i %% available is %s', (percent, expected) => {
    expect(checkMemory(`MemTotal:        4000000 kB\nMemFree:          10000 kB\nMemAvailable:    ${percent * 40_000} kB\n`).status).toBe(expected);
  });

  test('of a kernel that forwards nothing is a problem', () => {
    expect([checkForwarding('1').status, checkForwarding('0').status]).toEqual(['ok', 'problem']);
  });

  test.each([['2.39.5', '2.7', true], ['2.6.9', '2.7', false], ['20.10.24', '20.10', true], ['19.3.1', '20.10', false]])('of version %s, where %s is needed, is %s', (version, oldest, expected) => {
    expect(isAtLeast(version, oldest)).toBe(expected);
  });
});
