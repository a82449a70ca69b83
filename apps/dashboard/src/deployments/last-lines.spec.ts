import { describe, expect, it } from 'vitest';
import type { DeploymentEvent, Failure } from '@molo/contracts';
import { lastLinesOf } from './last-lines';
import { emptyStory, tell } from './story';

const at = '2026-01-01T00:00:00.000Z';

function log(seq: number, source: string, text: string): DeploymentEvent {
  return { kind: 'log', seq, at, source, text };
}

describe('the last lines of a failed deployment', () => {
  const failure: Failure = { code: 'instance_exited', detail: 'web.1 ended with exit code 1.' };

  it('are those of the build that failed', () => {
    const story = tell(emptyStory, [log(1, 'build', 'a\n\u001b[31mb\u001b[0m'), { kind: 'build', seq: 2, at, state: 'failed', failure: { code: 'build_step_failed', detail: 'Read on.' } }]);
    expect(lastLinesOf(story, { code: 'build_step_failed', detail: 'Read on.' })).toEqual(['a', 'b']);
  });

  it('are those of the instance that failed, whoever wrote last', () => {
    const story = tell(emptyStory, [log(1, 'build', 'built'), { kind: 'build', seq: 2, at, state: 'succeeded', failure: null }, log(3, 'web.1', 'no gauge'), log(4, 'web.12', 'ready')]);
    expect(lastLinesOf(story, failure)).toEqual(['no gauge']);
  });

  it('are none of a build that succeeded, where the instance wrote nothing', () => {
    const story = tell(emptyStory, [log(1, 'build', 'built'), { kind: 'build', seq: 2, at, state: 'succeeded', failure: null }]);
    expect(lastLinesOf(story, failure)).toEqual([]);
    expect(lastLinesOf(tell(emptyStory, [log(1, 'build', 'built before')]), failure)).toEqual([]);
  });
});
