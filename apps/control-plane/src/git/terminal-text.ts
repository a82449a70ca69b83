/** Colours, cursor movements, titles, links: whole escape sequences (ECMA-48), with whatever is left of broken ones. */
// oxlint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|[ -/]*[0-~])|\u009b[0-?]*[ -/]*[@-~]/g;
/** Control characters but for the tab; and characters that turn text around, which can make a line look like another. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const longestLine = 2000;

/** Text of an app or of a stranger as whole lines that do nothing to a terminal but show themselves. */
export function terminalLines(text: string): string[] {
  return text.split(/\r?\n/).map(terminalLine);
}

function terminalLine(line: string): string {
  // A progress bar overwrites itself: what it would show at last is what follows the last carriage return.
  const shown = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  const plain = shown.slice(0, longestLine * 4).replace(escapes, '').replace(controls, '');
  return plain.length > longestLine ? `${plain.slice(0, longestLine)}…` : plain;
}
