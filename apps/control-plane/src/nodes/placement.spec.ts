import { describe, expect, it } from 'vitest';
import { type Candidate, placeAll } from './placement.js';

const gibibyte = 1024 ** 3;
const wanted = { memoryBytes: gibibyte, cpus: 1, pids: 64 };

function node(name: string, change: Partial<Candidate> = {}): Candidate {
  return { nodeId: name, name, online: true, isCordoned: false, memoryBytes: 8 * gibibyte, promisedBytes: 0, twins: 0, ...change };
}

const names = (candidates: readonly Candidate[], count: number) => placeAll(candidates, wanted, count).map((placement) => placement.node);

describe('placing', () => {
  it('keeps twins apart, those placed a moment ago among them', () => {
    expect(names([node('a'), node('b'), node('c', { twins: 1 })], 5).toSorted()).toEqual(['a', 'a', 'b', 'b', 'c']);
  });

  it('takes the node with the most memory not yet promised where the twins are as many', () => {
    expect(names([node('a', { promisedBytes: 2 * gibibyte }), node('b', { promisedBytes: gibibyte })], 1)).toEqual(['b']);
  });

  it('passes over nodes that do not answer or are too small, and says so when none is left', () => {
    const away = node('a', { online: false });
    const small = node('b', { memoryBytes: gibibyte / 2 });
    expect(names([away, small, node('c', { twins: 9 })], 2)).toEqual(['c', 'c']);
    expect(() => placeAll([away], wanted, 1)).toThrow(expect.objectContaining({ code: 'no_node_available', detail: expect.stringContaining('answers') }));
    expect(() => placeAll([away, small], wanted, 1)).toThrow(expect.objectContaining({ code: 'no_node_available', detail: expect.stringContaining('1024 MiB') }));
  });

  it('gives none to a node that is cordoned, and says so where there is no other', () => {
    const cordoned = node('a', { isCordoned: true });
    expect(names([cordoned, node('b', { twins: 3 })], 2)).toEqual(['b', 'b']);
    expect(() => placeAll([cordoned, node('b', { online: false })], wanted, 1)).toThrow(expect.objectContaining({ code: 'no_node_available', detail: expect.stringContaining('cordoned') }));
  });
});
