import { connect } from 'node:net';

export interface HttpQuestion {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  /** Name that is asked for. */
  readonly host: string;
}

/** The status line comes first; whoever sends more than this before it ends does not speak HTTP. */
const longestHeadChars = 16 * 1024;

/**
 * Asks with GET, on a connection that is closed afterwards, and reads as far as the status. Done by hand because every
 * instance of a node is asked all day long: Node's own client, and undici's without a kept connection, take twice the time.
 * @throws with a `code` or a message that says what was met with instead of an answer
 */
export async function httpStatus({ address, port, path, host }: HttpQuestion, timeoutMs: number): Promise<number> {
  if (/[^\x21-\xff]/.test(path)) throw new Error('no request can carry the path');
  const request = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: molo-health\r\naccept: */*\r\nconnection: close\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port }).setEncoding('latin1');
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    let text = '';
    socket.on('data', (more: string) => {
      text += more;
      const status = statusIn(text);
      if (status === null) return;
      if (typeof status === 'number') resolve(status);
      socket.destroy(typeof status === 'number' ? undefined : status);
    });
    socket.once('end', () => socket.destroy(new Error('it closed the connection without an answer')));
    socket.once('error', reject);
    socket.once('close', () => clearTimeout(timer));
    socket.write(request, 'latin1');
  });
}

/** The status of the answer that a text begins with, after any that only say that it is on its way (1xx); null where more has to come. */
export function statusIn(text: string): number | Error | null {
  for (let rest = text; ; ) {
    const line = /^[^\n]*\n/.exec(rest)?.[0];
    if (line === undefined) return text.length > longestHeadChars ? noHttp() : null;
    const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(line)?.[1] ?? NaN);
    if (Number.isNaN(status)) return noHttp();
    if (status >= 200 || status === 101) return status;
    const end = /\r?\n\r?\n/.exec(rest);
    if (end === null) return text.length > longestHeadChars ? noHttp() : null;
    rest = rest.slice(end.index + end[0].length);
  }
}

function noHttp(): Error {
  return new Error('what it answered is not HTTP');
}
