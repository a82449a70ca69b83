import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { harmlessJson } from './harmless.js';
import type { Line } from './piece.js';
import { type Column, layOut } from './table.js';

interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Answers go to stdout, all that is said about them to stderr. */
export class Terminal {
  constructor(
    private readonly out: Output,
    private readonly err: Output,
    private readonly input: { readonly isTTY?: boolean },
    private readonly colour: 'never' | 'always' | 'on a terminal',
  ) {}

  /** Whether someone sits there who can be asked. */
  get isInteractive(): boolean {
    return this.input.isTTY === true && this.err.isTTY === true;
  }

  /** Writes a line on stdout. */
  say(line: Line): void {
    this.out.write(`${line.toText(this.hasColour(this.out))}\n`);
  }

  /** Writes a line on stderr. */
  note(line: Line): void {
    this.err.write(`${line.toText(this.hasColour(this.err))}\n`);
  }

  json(value: unknown): void {
    this.out.write(`${harmlessJson(value, 2)}\n`);
  }

  /** One value a line, for streams. */
  jsonLine(value: unknown): void {
    this.out.write(`${harmlessJson(value)}\n`);
  }

  /** Resolves when a slow reader of stdout has caught up; endless streams wait for it. */
  async caughtUp(): Promise<void> {
    if (this.out.writableNeedDrain) await once(this.out, 'drain');
  }

  /** The very bytes of a value, for other programs. */
  raw(text: string): void {
    this.out.write(text);
  }

  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    const width = this.out.isTTY ? (this.out.columns ?? 80) : Number.POSITIVE_INFINITY;
    for (const line of layOut(rows, columns, width, this.hasColour(this.out))) this.out.write(`${line}\n`);
  }

  private hasColour(output: Output): boolean {
    return this.colour === 'on a terminal' ? output.isTTY === true : this.colour === 'always';
  }
}
