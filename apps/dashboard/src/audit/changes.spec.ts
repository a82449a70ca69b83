import { describe, expect, it } from 'vitest';
import { changesOf } from './changes';

describe('the change of an event', () => {
  it('is told value by value, also of what lies deeper', () => {
    expect(changesOf({ web: { count: 1, memoryBytes: 5 } }, { web: { count: 2, memoryBytes: 5 }, worker: { count: 1 } })).toEqual([
      { name: 'web.count', before: '1', after: '2' },
      { name: 'web.memoryBytes', before: '5', after: '5' },
      { name: 'worker.count', before: null, after: '1' },
    ]);
  });

  it('tells of masked values that are alike on both sides', () => {
    expect(changesOf({ KEY: '(secret)', NEW: null }, { KEY: '(secret)', NEW: '(hidden)' })).toEqual([
      { name: 'KEY', before: '(secret)', after: '(secret)' },
      { name: 'NEW', before: null, after: '(hidden)' },
    ]);
  });

  it('tells lists of words, lists of more, empty values, and a value without a name', () => {
    expect(changesOf(null, { rights: ['read', 'deploy'], apps: [], roles: [{ app: 'shop' }], note: '', limits: {}, on: false })).toEqual([
      { name: 'rights', before: null, after: 'read, deploy' },
      { name: 'apps', before: null, after: 'none' },
      { name: 'roles.0.app', before: null, after: 'shop' },
      { name: 'note', before: null, after: '""' },
      { name: 'limits', before: null, after: '{}' },
      { name: 'on', before: null, after: 'false' },
    ]);
    expect(changesOf('old', 'new')).toEqual([{ name: '', before: 'old', after: 'new' }]);
    expect(changesOf(null, null)).toEqual([]);
  });
});
