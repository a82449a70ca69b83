import type { Failure } from '@molo/contracts';
import { terminalText } from '../logs/terminal-text';
import type { Story } from './story';

const enough = 12;

/** The last lines of the part that failed, without colours: of the build, or of the instance that the failure names. */
export function lastLinesOf(story: Story, failure: Failure): readonly string[] {
  const lines = story.log.chunks.flatMap((chunk) => chunk.lines);
  const build = story.moments.findLast((moment) => moment.kind === 'build');
  const part = build?.state === 'failed' ? 'build' : story.sources.findLast((source) => source !== 'build' && names(failure.detail, source));
  return lines
    .filter((line) => line.source === part)
    .slice(-enough)
    .map((line) => terminalText(line.text));
}

/** `web.1` is not named by `web.12 ended`. */
function names(detail: string, source: string): boolean {
  return detail.split(/[\s,:;()"']+/).some((word) => word.replace(/\.$/, '') === source);
}
