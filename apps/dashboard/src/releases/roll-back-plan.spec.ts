import { describe, expect, it } from 'vitest';
import type { Release } from '@molo/contracts';
import { imageOrigin, rollBackPlan } from './roll-back-plan';

function release(number: number, image: string, rest: Partial<Release> = {}): Release {
  return { number, image: { digest: image }, configKeys: [], formation: { web: 1 }, ...rest } as unknown as Release;
}

describe('what a rollback will do', () => {
  it('names the config and the instances that come and go', () => {
    const live = release(5, 'b', { configKeys: ['A', 'NEW'], formation: { web: 2, worker: 1 } });
    const target = release(2, 'a', { configKeys: ['A', 'OLD'], formation: { web: 1 } });
    expect(rollBackPlan(live, target)).toEqual({
      sameImage: false,
      keysThatCome: ['OLD'],
      keysThatGo: ['NEW'],
      formationChanges: [
        { process: 'web', from: 2, to: 1 },
        { process: 'worker', from: 1, to: 0 },
      ],
    });
  });

  it('says when the image stays', () => {
    expect(rollBackPlan(release(2, 'a'), release(1, 'a')).sameImage).toBe(true);
  });
});

describe('where the image of a release comes from', () => {
  it('is the first release that ran it', () => {
    const releases = [release(4, 'a'), release(3, 'b'), release(2, 'a'), release(1, 'x')];
    expect(imageOrigin(releases[0]!, releases)?.number).toBe(2);
    expect(imageOrigin(releases[2]!, releases)).toBeNull();
  });
});
