import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { DeploymentEvent } from '@molo/contracts';
import { emptyStory, hasGap, tell } from './story';

const at = '2026-01-01T00:00:00.000Z';

function log(seq: number): DeploymentEvent {
  return { kind: 'log', seq, at, source: 'build', text: `line ${seq}` };
}

function texts(story: ReturnType<typeof tell>): string[] {
  return story.log.chunks.flatMap((chunk) => chunk.lines.map((line) => line.text));
}

describe('the story of a deployment', () => {
  it('tells its state, build, steps, log, failure and receipt', () => {
    const receipt = { requests: 5, failed: 0, connectionsDropped: 0, slowestMs: 3, durationMs: 900, layersMoved: 1, bytesMoved: 4000 };
    const failure = { code: 'instance_exited', detail: 'It ended with 1.' } as const;
    const story = tell(emptyStory, [
      { kind: 'state', seq: 1, at, state: 'queued', failure: null },
      { kind: 'build', seq: 2, at, state: 'building', failure: null },
      { kind: 'log', seq: 3, at, source: 'build', text: 'a\nb' },
      { kind: 'step', seq: 4, at, step: 'placed', text: 'web.1 on pier-1' },
      { kind: 'state', seq: 5, at, state: 'failed', failure },
      { kind: 'receipt', seq: 6, at, receipt },
    ]);
    expect(story).toMatchObject({ lastSeq: 6, state: 'failed', failure, receipt, sources: ['build'] });
    expect(story.moments.map((moment) => moment.kind)).toEqual(['state', 'build', 'step', 'state']);
    expect(texts(story)).toEqual(['a', 'b']);
  });

  it('tells each event once and in order, however often and in whatever order they come', () => {
    const events = Array.from({ length: 12 }, (_, index) => log(index + 1));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), fc.shuffledSubarray(events, { minLength: 12 }), (some, all) => {
        const story = [...some, ...all].reduce((told, event) => tell(told, [event]), emptyStory);
        expect(texts(story)).toEqual(events.map((event) => `line ${event.seq}`));
        expect(hasGap(story)).toBe(false);
      }),
    );
  });

  it('holds back what comes behind a gap and says that something is missing', () => {
    const story = tell(emptyStory, [log(1), log(3)]);
    expect(texts(story)).toEqual(['line 1']);
    expect(hasGap(story)).toBe(true);
    expect(texts(tell(story, [log(2)]))).toEqual(['line 1', 'line 2', 'line 3']);
  });

  it('is the same story when nothing new came', () => {
    const story = tell(emptyStory, [log(1)]);
    expect(tell(story, [log(1)])).toBe(story);
  });
});
