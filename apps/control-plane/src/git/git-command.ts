import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError } from '@molo/contracts';

/**
 * Settings of every git program that Molo starts, given on its command line: a repository on disk needs no config of its own,
 * so an upgrade of Molo changes them for all. The machine's and the user's git config are never read.
 */
const settings = {
  'safe.directory': '*',
  'core.fsync': 'committed',
  'core.fsyncMethod': 'batch',
  // What is larger is streamed: a pack of a few kilobytes may hold gigabytes of zeros.
  'core.bigFileThreshold': '16m',
  'core.logAllRefUpdates': 'true',
  // Upkeep is ours: never in the middle of a push.
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'tar.umask': '0022',
  // Every command of a push goes through the hook, which lets all but the deploying branch fall through.
  'receive.procReceiveRefs': 'refs',
  'receive.autogc': 'false',
  'receive.advertisePushOptions': 'true',
  'receive.advertiseAtomic': 'true',
  'receive.denyNonFastForwards': 'false',
  'receive.denyDeletes': 'false',
  'receive.denyDeleteCurrent': 'ignore',
  'receive.fsckObjects': 'true',
  // Old blemishes that many a published history carries, and that harm nobody.
  'receive.fsck.zeroPaddedFilemode': 'warn',
  'receive.fsck.missingSpaceBeforeDate': 'warn',
  'receive.fsck.badTimezone': 'warn',
  'receive.fsck.missingNameBeforeEmail': 'warn',
  'receive.maxInputSize': '2g',
  // Proxies see a byte at least this often (seconds), however silent a build is.
  'receive.keepAlive': '5',
  // Neither shown nor taken: Molo's own, and those that would put one object in another's place.
  'transfer.hideRefs': ['refs/molo', 'refs/replace'],
  'transfer.unpackLimit': '100',
  'uploadpack.keepAlive': '5',
  'uploadpack.allowFilter': 'true',
} as const;

const settingArguments = Object.entries(settings).flatMap(([key, value]) => [value].flat().flatMap((each) => ['-c', `${key}=${each}`]));
/** An object is what its id says, whatever refs/replace of a repository has. */
const environment = { GIT_NO_REPLACE_OBJECTS: '1', PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', LC_ALL: 'C.UTF-8', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', GIT_COMMITTER_NAME: 'Molo', GIT_COMMITTER_EMAIL: 'molo@localhost' };

/** A git program by its own name, with no shell in between and an environment of its own. */
export function spawnGit(args: readonly string[], extraEnvironment: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
  return spawn('git', [...settingArguments, ...args], { cwd: '/', env: { ...environment, ...extraEnvironment }, stdio: 'pipe' });
}

/**
 * What a git program writes, as it comes; leaving the loop over it ends the program.
 * Throws `internal` with git's own words as the cause when it fails.
 */
export async function* outputOfGit(args: readonly string[], input: Iterable<string | Buffer> = []): AsyncGenerator<Buffer> {
  const child = spawnGit(args);
  const ended = endOf(child);
  ended.catch(() => undefined); // looked at below, unless the loop is left
  const complaint = text(child.stderr);
  child.stdin.on('error', () => undefined); // a program that ends early does not read to the end
  Readable.from(input).pipe(child.stdin);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) yield chunk;
  const code = await ended;
  if (code !== 0) throw gitFailure(args, code, await complaint);
}

/**
 * Throws `internal` with git's own words as the cause when it fails.
 * @param mostBytes of its output; what comes after them is dropped
 * @returns what it wrote
 */
export async function runGit(args: readonly string[], input: string | Buffer = '', mostBytes = Infinity): Promise<Buffer> {
  const kept: Buffer[] = [];
  let left = mostBytes;
  for await (const chunk of outputOfGit(args, [input])) {
    if (left > 0) kept.push(chunk.subarray(0, left));
    left -= chunk.length;
  }
  return Buffer.concat(kept);
}

/** Resolves to the exit code, null for a signal; rejects when the program cannot be started. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}

export function gitFailure(args: readonly string[], code: number | null, complaint: string): AppError {
  const program = args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-C') ?? 'git';
  return new AppError('internal', { detail: 'Git could not do this on the server. Try again; the log of the control plane says more.', cause: new Error(`git ${program} ended with ${code ?? 'a signal'}: ${complaint.trim()}`) });
}
