import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { pipeline, Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { GitService } from './git-access.js';
import { endOf } from './git-command.js';
import { withShallowAdvice } from './shallow-advice.js';

const longestComplaint = 4096;
/** Git writes something every five seconds, but for when it waits for its client. */
const stalledAfterMs = 5 * 60_000;

export interface RelayEnd {
  readonly code: number | null;
  /** The start of what git wrote to its standard error. */
  readonly complaint: string;
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
  for (const stream of [from, shown]) stream.on('data', () => patience.refresh());
  // Broken off on the way, git sees its input end too early and gives up by itself.
  pipeline(from, child.stdin, () => undefined);
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
  return { code, complaint };
}
