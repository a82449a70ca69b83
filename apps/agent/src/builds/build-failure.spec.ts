import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/progress.js';
import { buildFailure } from './build-failure.js';

const order = { imageRepository: 'localhost:5443/myapp', limits: { memoryBytes: 512 * 1024 ** 2, cpus: 1, timeoutSeconds: 60, diskBytes: 8 * 1024 ** 3 } };
const failed = (step: string, error: string, lines: string[] = []) => buildFailure(new EngineError(error), { step, error }, lines, order);

describe('why a build failed', () => {
  it('names the step, its instruction, its exit code and its last lines', () => {
    const { code, detail } = failed('[stage-0 3/4] RUN --mount=type=cache,target=/x make all', 'executor failed running [/bin/sh -c make all]: exit code: 2', ['cc main.c', 'error: no']);
    expect(code).toBe('build_step_failed');
    expect(detail).toBe('Step 3 of 4, "RUN make all", ended with exit code 2. Its last lines:\ncc main.c\nerror: no');
  });

  it('begins with what to do, where that is known', () => {
    const error = 'executor failed running [/bin/sh -c npm ci]: exit code: 1';
    const { detail } = buildFailure(new EngineError(error), { step: '[1/1] RUN npm ci', error }, ['npm error'], order, 'Run npm install.');
    expect(detail).toBe('Run npm install. Step 1 of 1, "RUN npm ci", ended with exit code 1. Its last lines:\nnpm error');
  });

  it('takes exit code 137 for a kill for memory', () => {
    const { code, detail } = failed('[2/3] RUN eat', 'executor failed running [/bin/sh -c eat]: exit code: 137');
    expect(code).toBe('build_out_of_memory');
    expect(detail).toContain('512 MB');
  });

  it('names a base image that cannot be had and what every node has', () => {
    const { code, detail } = failed('[internal] load metadata for docker.io/library/ruby:3.4', 'dial tcp: lookup registry-1.docker.io: no such host');
    expect(code).toBe('base_image_unavailable');
    expect(detail).toContain('The base image ruby:3.4 is not on this node');
    expect(detail).toContain('molo/stack:debian-12');
  });

  it('takes a broken connection to the engine for what it is', () => {
    expect(buildFailure(new Error('socket hang up'), undefined, [], order).code).toBe('unavailable');
  });
});
