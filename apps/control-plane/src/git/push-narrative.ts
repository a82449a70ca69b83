import { type DeploymentEvent, type DeploymentState, type Failure, problems, type Receipt } from '@molo/contracts';
import { terminalLines } from './terminal-text.js';

/** How a deployment is told in the pusher's terminal: headings, details below them, errors, as Heroku made familiar. */
export const heading = (text: string): string[] => marked('-----> ', '       ', text);
export const detail = (text: string): string[] => marked('       ', '       ', text);
export const complaint = (text: string): string[] => marked(' !     ', ' !     ', text);

function marked(first: string, rest: string, text: string): string[] {
  return terminalLines(text).map((line, index) => `${index === 0 ? first : rest}${line}`.trimEnd());
}

/** The step of a deployment that is live, whose ref stayed where it was. */
export const refFailed = 'ref.failed';

const headings: Partial<Record<DeploymentState, string>> = {
  starting: 'Starting',
  checking: 'Checking',
  switching: 'Switching traffic',
  draining: 'Draining the old release',
};

/** The end of a deployment is told by `liveLines` or `failureLines`. */
export function linesOf(event: DeploymentEvent): string[] {
  switch (event.kind) {
    case 'state':
      return headings[event.state] ? heading(headings[event.state] ?? '') : [];
    case 'step':
      if (event.step === refFailed) return complaint(event.text);
      return /^(build|release)\./.test(event.step) ? heading(event.text) : detail(event.text);
    case 'log':
      // The builder writes in this grammar itself.
      return event.source === 'build' ? terminalLines(event.text) : terminalLines(event.text).flatMap((line) => detail(`[${event.source}] ${line}`));
    case 'build':
    case 'receipt':
      return [];
  }
}

export interface LiveRelease {
  readonly number: number;
  readonly version: string | null;
  readonly url: string;
  readonly receipt: Receipt | null;
}

export function liveLines({ number, version, url, receipt }: LiveRelease): string[] {
  const name = `v${number}${version === null ? '' : `, version ${version},`}`;
  const time = receipt ? ` after ${seconds(receipt.durationMs)}` : '';
  return ['', ...heading(`${name} is live${time}`), ...detail(url), ...(receipt ? detail(receiptText(receipt)) : []), ''];
}

function receiptText(receipt: Receipt): string {
  const traffic = `${counted(receipt.requests, 'request')}, ${receipt.failed} failed, ${counted(receipt.connectionsDropped, 'connection')} dropped`;
  const slowest = receipt.requests > 0 ? `, slowest ${Math.round(receipt.slowestMs)} ms` : '';
  return `${traffic}${slowest}\n${counted(receipt.layersMoved, 'layer')} moved, ${bytes(receipt.bytesMoved)}`;
}

/** Where a deployment waits that somebody has to approve. The pusher need not stay. */
export function waitingLines({ id, branch, url }: { readonly id: string; readonly branch: string; readonly url: string }): string[] {
  return [
    '',
    ...heading('Waiting until a sysadmin approves'),
    ...detail(`What it would change: molo changes ${id}`),
    ...detail(`A sysadmin approves it with molo approve ${id}\nor at ${url}`),
    ...detail(`It goes on by itself then, and ${branch} moves when it is live:\nmolo logs --deployment ${id}`),
    '',
  ];
}

export function failureLines(failure: Failure): string[] {
  return ['', ...complaint(`${problems[failure.code].title}: ${failure.detail}`), ''];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
}

function bytes(count: number): string {
  const unit = count < 1e3 ? { size: 1, name: 'bytes' } : count < 1e6 ? { size: 1e3, name: 'kB' } : { size: 1e6, name: 'MB' };
  return `${unit.size === 1 ? count : (count / unit.size).toFixed(1)} ${unit.name}`;
}
