import { createConnection } from 'node:net';
import { AppError } from '@molo/contracts';

/** HAProxy takes one line of at most `tune.bufsize` (16 kB) bytes; some room is left for its own use. */
const maxLineBytes = 14_000;
const answerTimeoutMs = 5_000;

/**
 * HAProxy's runtime API. Commands that fit in one line go out together and come back in one round trip, in their
 * order; HAProxy ends the answer of each with an empty line.
 */
export class RuntimeSocket {
  constructor(readonly path: string) {}

  /** One answer per command, in order. Throws `ingress_failed` when HAProxy does not answer. */
  async send(commands: readonly string[]): Promise<string[]> {
    const answers: string[] = [];
    for (const line of intoLines(commands)) {
      const text = await this.exchange(line.join(';'));
      answers.push(...splitAnswers(text, line));
    }
    return answers;
  }

  /** One line out, everything that comes back. */
  exchange(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = createConnection(this.path);
      const fail = (cause: unknown) => {
        socket.destroy();
        reject(new AppError('ingress_failed', { detail: 'The ingress does not answer; Molo tries again by itself. If it lasts, see the log of haproxy.', cause }));
      };
      socket.setTimeout(answerTimeoutMs, () => fail(new Error(`no answer from ${this.path} within ${answerTimeoutMs} ms`)));
      socket.on('error', fail);
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      // Half-closed: HAProxy's master, unlike its worker, waits for more otherwise.
      socket.end(`${line}\n`);
    });
  }
}

function intoLines(commands: readonly string[]): string[][] {
  const lines: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const command of commands) {
    if (bytes + command.length + 1 > maxLineBytes) {
      lines.push([]);
      bytes = 0;
    }
    lines.at(-1)?.push(command);
    bytes += command.length + 1;
  }
  return lines;
}

export function splitAnswers(text: string, commands: readonly string[]): string[] {
  const answers: string[] = [];
  let current: string[] = [];
  for (const line of text.split('\n')) {
    if (line !== '') {
      current.push(line);
    } else {
      answers.push(current.join('\n'));
      current = [];
    }
  }
  // The last newline of the text leaves one empty piece behind the last answer.
  const complete = answers.slice(0, commands.length);
  if (complete.length !== commands.length) {
    throw new AppError('ingress_failed', {
      detail: 'The ingress gave an answer that cannot be read; Molo tries again by itself.',
      cause: new Error(`${complete.length} answers to ${commands.length} commands: ${commands.join('; ').slice(0, 500)}`),
    });
  }
  return complete;
}
