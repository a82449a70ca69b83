import { describe, expect, it } from 'vitest';
import { troubleOf } from './trouble';

const liveRelease = { number: 3, version: '1.0', since: '2026-01-01T00:00:00.000Z' };
const failure = { code: 'instance_exited', detail: 'web.1 ended with code 1. Its last lines say why.\nIts last lines:\n  a line' } as const;
const last = { id: 'last', state: 'live', failure: null, undoes: null } as const;

describe('what went wrong last', () => {
  it('is nothing where the last deployment went well, or was cancelled', () => {
    expect(troubleOf({ liveRelease, lastDeployment: last })).toBeNull();
    expect(troubleOf({ liveRelease, lastDeployment: { ...last, state: 'cancelled', failure } })).toBeNull();
    expect(troubleOf({ liveRelease: null, lastDeployment: null })).toBeNull();
  });

  it('is a deployment that failed, and says what serves on', () => {
    expect(troubleOf({ liveRelease, lastDeployment: { ...last, state: 'failed', failure } })).toEqual({ title: 'The last deployment failed; 1.0 (v3) serves on', sentence: 'web.1 ended with code 1. Its last lines say why.', deploymentId: 'last' });
  });

  it('is a release that Molo rolled back, and leads to the deployment that died', () => {
    const undoes = { deploymentId: 'dead', release: { number: 2, version: null }, failure };
    expect(troubleOf({ liveRelease, lastDeployment: { ...last, undoes } })).toMatchObject({ title: 'Molo rolled back v2, which did not settle', deploymentId: 'dead' });
    expect(troubleOf({ liveRelease, lastDeployment: { ...last, undoes, failure } })).toMatchObject({ title: '1.0 (v3) did not settle', deploymentId: 'last' });
  });
});
