import { stripVTControlCharacters } from 'node:util';

/** Control characters but tab and newline, and the marks that turn the direction of text around. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from elsewhere, such as an app's log, as it may be shown on a terminal: escape sequences are taken out, and
 * every other control character is made visible. Of a line that a progress bar wrote over, the last state stays.
 */
export function harmless(text: string): string {
  return stripVTControlCharacters(text)
    .split('\n')
    .map(lastState)
    .join('\n')
    .replace(controls, visible);
}

/** JSON that means the same and does nothing to a terminal: JSON itself leaves some control characters as they are. */
export function harmlessJson(value: unknown, indent = 0): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replace(controls, visible);
}

function visible(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function lastState(line: string): string {
  return line.split('\r').findLast((state) => state !== '') ?? '';
}
