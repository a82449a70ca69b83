import { terminalText } from '../logs/terminal-text';

export interface FailureText {
  /** What to do next. */
  readonly sentence: string;
  /** What the part that failed wrote last. */
  readonly lastLines: readonly string[];
}

const announcement = /\s*Its last lines:\n/;

/** A failure's detail is for terminals: its sentence, and below it the last lines. Here the two are shown apart. */
export function failureText(detail: string): FailureText {
  const [sentence = '', ...rest] = detail.split(announcement);
  const lines = rest.join('\n').split('\n');
  return { sentence: sentence.trim(), lastLines: rest.length === 0 ? [] : unindented(lines) };
}

/** The sentence alone, on one line. */
export function failureSentence(detail: string): string {
  return failureText(detail).sentence.split('\n')[0] ?? '';
}

function unindented(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents, 8);
  return lines.map((line) => terminalText(line.slice(indent)));
}
