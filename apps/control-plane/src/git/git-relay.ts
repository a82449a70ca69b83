import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type Readable, type Writable, pipeline } from 'node:stream';
import type { GitService } from './git-access.js';
import { endOf } from './git-command.js';

const longestComplaint = 4096;

export interface RelayEnd {
  readonly code: number | null;
  /** The start of what git wrote to its standard error. */
  readonly complaint: string;
}

/**
 * Connects a client to a git program, both ways, each at the pace of the slower end.
 * A client that is gone ends its fetch at once; a push of which all has come is carried to its end, with nobody to hear it.
 */
export async function relay(child: ChildProcessWithoutNullStreams, service: GitService, from: Readable, to: Writable): Promise<RelayEnd> {
  const ended = endOf(child);
  // Broken off on the way, git sees its input end too early and gives up by itself.
  pipeline(from, child.stdin, () => undefined);
  child.stdout.pipe(to, { end: false });
  const leave = () => {
    child.stdout.unpipe(to);
    child.stdout.resume();
    if (service === 'git-upload-pack') child.kill();
  };
  to.once('close', leave);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < longestComplaint) complaint += chunk.toString();
  });
  const code = await ended;
  to.off('close', leave);
  return { code, complaint };
}
