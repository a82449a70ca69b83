import { terminalText } from '../logs/terminal-text';
import type { Story } from './story';

const enough = 12;

/** The last lines of whatever wrote last, which is what failed, without colours. */
export function lastLinesOf(story: Story): readonly string[] {
  const lines = story.log.chunks.slice(-2).flatMap((chunk) => chunk.lines);
  const source = lines.at(-1)?.source;
  return lines
    .filter((line) => line.source === source)
    .slice(-enough)
    .map((line) => terminalText(line.text));
}
