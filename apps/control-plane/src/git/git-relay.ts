import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { pipeline, Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { AppError } from '@molo/contracts';
import type { GitService } from './git-access.js';
import { endOf } from './git-command.js';
import { boundedInput } from './git-input.js';
import { withShallowAdvice } from './shallow-advice.js';

const longestComplaint = 4096;
/** Git writes something every five seconds, but for when it waits for its client. */
const stalledAfterMs = 5 * 60_000;

export interface RelayEnd {
  readonly code: number | null;
  /** The start of what git wrote to its standard error. */
  readonly complaint: string;
  /** Why no more was taken from the client. */
  readonly refusal: AppError | null;
}

/**
 * Connects a client to a git program, both ways, each at the pace of the slower end.
 * A client that is gone ends its fetch at once; a push of which all has come is carried to its end, with nobody to hear it.
 * One that stands still is taken to be gone.
 */
export async function relay(child: ChildProcessWithoutNullStreams, service: GitService, from: Readable, to: Writable, patienceMs = stalledAfterMs): Promise<RelayEnd> {
  const ended = endOf(child);
  const shown = service === 'git-receive-pack' ? Readable.from(withShallowAdvice(child.stdout), { objectMode: false }) : child.stdout;
  const allShown = finished(shown).catch(() => to.destroy());
  const patience = setTimeout(() => {
    child.stdin.destroy();
    to.destroy();
  }, patienceMs);
  shown.on('data', () => patience.refresh());
  let refusal: AppError | null = null;
  // Broken off on the way, git sees its input end too early and gives up by itself. The client's own end stays open for the answer.
  const input = boundedInput(from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, service);
  pipeline(passedOn(input, () => patience.refresh()), child.stdin, (error) => {
    if (error instanceof AppError) refusal = error;
  });
  shown.pipe(to, { end: false });
  const leave = () => {
    shown.unpipe(to);
    shown.resume();
    if (service === 'git-upload-pack') child.kill();
  };
  to.once('close', leave);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < longestComplaint) complaint += chunk.toString();
  });
  const [code] = await Promise.all([ended, allShown]).finally(() => clearTimeout(patience));
  to.off('close', leave);
  return { code, complaint, refusal };
}

async function* passedOn(input: AsyncIterable<Buffer>, note: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    note();
    yield chunk;
  }
}
