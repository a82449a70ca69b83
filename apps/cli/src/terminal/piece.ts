import { harmless } from './harmless.js';

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39], whiteOnBlack: ['97;40', '39;49'] } as const;
type Style = keyof typeof codes;

export class Styled {
  constructor(
    readonly text: string,
    readonly style: Style,
  ) {}
}

/** A part of a line. Its text is always made harmless; only a style adds escape sequences, and that on a terminal. */
export type Piece = string | number | Styled;

export const bold = (text: string | number) => new Styled(String(text), 'bold');
export const dim = (text: string | number) => new Styled(String(text), 'dim');
export const red = (text: string | number) => new Styled(String(text), 'red');
export const green = (text: string | number) => new Styled(String(text), 'green');
export const yellow = (text: string | number) => new Styled(String(text), 'yellow');
/** Whatever the colours of the terminal are: what a camera reads is dark on light. */
export const whiteOnBlack = (text: string) => new Styled(text, 'whiteOnBlack');
export const cyan = (text: string | number) => new Styled(String(text), 'cyan');

export function plain(piece: Piece): string {
  return harmless(piece instanceof Styled ? piece.text : String(piece));
}

/** `text` is the piece's own text, already harmless, perhaps padded or cut. */
export function paint(piece: Piece, colour: boolean, text = plain(piece)): string {
  if (!colour || !(piece instanceof Styled) || text === '') return text;
  const [on, off] = codes[piece.style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** A line made of fixed text and pieces: line`${bold('myapp')} is live`. */
export class Line {
  constructor(
    private readonly texts: readonly string[],
    private readonly pieces: readonly Piece[],
  ) {}

  toText(colour: boolean): string {
    return this.texts.map((text, index) => text + paint(this.pieces[index] ?? '', colour)).join('');
  }
}

export function line(texts: TemplateStringsArray, ...pieces: Piece[]): Line {
  return new Line(texts, pieces);
}
