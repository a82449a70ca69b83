import { dim, paint, type Piece, plain } from './piece.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => Piece | null;
  readonly align?: 'left' | 'right';
}

const gap = '  ';
const narrowest = 8;

/** Aligned lines with a head. The last column is cut where the terminal ends. */
export function layOut<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number, colour: boolean): string[] {
  const head: Piece[] = columns.map((column) => dim(column.title));
  const cells = [head, ...rows.map((row) => columns.map((column) => column.value(row) ?? dim('-')))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => textOf(line[index] as Piece).length)));
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + gap.length, 0);
  const room = Math.max(width - before, narrowest);
  return cells.map((line) => line.map((piece, index) => cell(piece, columns[index] as Column<Row>, widths[index] as number, index === columns.length - 1 ? room : undefined, colour)).join(gap).trimEnd());
}

function cell<Row>(piece: Piece, column: Column<Row>, width: number, room: number | undefined, colour: boolean): string {
  const text = textOf(piece);
  if (room !== undefined && text.length > room) return paint(piece, colour, `${text.slice(0, room - 1)}…`);
  const padding = ' '.repeat(Math.max(width - text.length, 0));
  const shown = paint(piece, colour, text);
  return column.align === 'right' ? padding + shown : shown + padding;
}

function textOf(piece: Piece): string {
  return plain(piece).replaceAll('\n', ' ');
}
