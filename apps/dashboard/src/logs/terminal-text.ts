/** A run of text in one style, safe to show: every control character is gone. */
export interface TextRun {
  readonly text: string;
  readonly colour: TerminalColour | null;
  readonly bold: boolean;
  readonly faint: boolean;
}

export const terminalColours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
export type TerminalColour = (typeof terminalColours)[number];

type Style = Omit<TextRun, 'text'>;

const plain: Style = { colour: null, bold: false, faint: false };

/** CSI sequences, OSC strings (titles, links) up to their end, and two-character escapes. */
// eslint-disable-next-line no-control-regex
const escapes = /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b[ -/]*[0-~]?/g;
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * One line of a terminal as runs of text. Colours, bold and faint are kept; moving the cursor, titles and links are
 * dropped; of a line redrawn with carriage returns (a progress bar) the last drawing stays.
 */
export function terminalRuns(line: string): readonly TextRun[] {
  const drawn = lastDrawing(line);
  const runs: TextRun[] = [];
  let style = plain;
  let from = 0;
  for (const match of drawn.matchAll(escapes)) {
    push(runs, drawn.slice(from, match.index), style);
    if (match[2] === 'm') style = styled(style, match[1] ?? '');
    from = match.index + match[0].length;
  }
  push(runs, drawn.slice(from), style);
  return runs;
}

/** The text alone, without its style. */
export function terminalText(line: string): string {
  return terminalRuns(line)
    .map((run) => run.text)
    .join('');
}

function lastDrawing(line: string): string {
  const drawings = line.split('\r').filter((drawing) => drawing !== '');
  return drawings.at(-1) ?? '';
}

function push(runs: TextRun[], text: string, style: Style): void {
  const safe = text.replace(controls, '');
  if (safe !== '') runs.push({ text: safe, ...style });
}

function styled(style: Style, parameters: string): Style {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes.slice(index + 1));
      if (code === 38) next = { ...next, colour };
      index += used;
    } else next = withCode(next, code);
  }
  return next;
}

function withCode(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, faint: true };
  if (code === 22) return { ...style, bold: false, faint: false };
  if (code === 39) return { ...style, colour: null };
  const index = code >= 90 ? code - 90 : code - 30;
  const colour = (code >= 30 && code <= 37) || (code >= 90 && code <= 97) ? terminalColours[index] : undefined;
  return colour === undefined ? style : { ...style, colour };
}

/** `5;N` takes one of the sixteen where N is one of them; every other colour is shown as plain text. */
function extendedColour(codes: readonly number[]): [TerminalColour | null, number] {
  const [mode, index] = codes;
  if (mode === 5) return [index !== undefined && index < 16 ? (terminalColours[index % 8] ?? null) : null, 2];
  return [null, mode === 2 ? 4 : 0];
}
