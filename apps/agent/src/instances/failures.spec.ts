import { AppError } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import type { Container } from '../engine/engine.js';
import { testInstance } from '../reconcile/test-agent.js';
import { endFailure, explainStart, startFailure, wrongPort } from './failures.js';

const web = testInstance('shop', { port: 8080, health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 1, timeoutSeconds: 1, startSeconds: 60 } });
const open = (port: number) => ({ port, loopback: false });
const loopback = (port: number) => ({ port, loopback: true });

describe('an app that listens where no request can reach it', () => {
  it.each([
    ['another port', [open(3000), open(9229)], 'web.1 listens on 3000, 9229, but $PORT is 8080. Listen on the port in $PORT, or set port: 3000 in molo.yml.'],
    ['another port, and a debugger', [open(3000), loopback(9229)], 'web.1 listens on 3000, but $PORT is 8080. Listen on the port in $PORT, or set port: 3000 in molo.yml.'],
    ['its port of 127.0.0.1', [loopback(8080)], 'web.1 listens on port 8080 of 127.0.0.1 only, where no request can reach it. Listen on 0.0.0.0.'],
    ['another port of 127.0.0.1', [loopback(5000)], 'web.1 listens on 5000 of 127.0.0.1 only, but $PORT is 8080. Listen on 0.0.0.0 and the port in $PORT.'],
  ])('is told what to do: %s', (_where, listeners, detail) => {
    expect(startFailure(web, listeners, null)).toEqual({ code: 'instance_wrong_port', detail });
  });

  it('is told of health.port where that is what is asked', () => {
    const checked = { ...web, health: { ...web.health!, check: { kind: 'tcp' as const, port: 9000 } } };
    expect(wrongPort(checked, [open(8080)])).toBe('web.1 listens on 8080, but health.port is 9000. Listen there too, or correct health.port in molo.yml.');
  });
});

it('finds nothing wrong with an app that listens where it should, beside others, or nowhere yet', () => {
  expect(wrongPort(web, [open(9229), loopback(8080), open(8080)])).toBeNull();
  expect(wrongPort(web, [])).toBeNull();
});

describe('a program that is not found', () => {
  const notFound = { name: 'x', exitCode: 127, outOfMemory: false } as Container;
  const ofConfig = { ...web, env: { PATH: 'a secret nonsense' } };
  const refused = new AppError('instance_start_failed', { detail: 'The container could not be started: exec: "node": executable file not found in $PATH' });

  it('is put down to the PATH that the config sets, whose value is told to nobody', () => {
    for (const desired of [ofConfig, { ...ofConfig, runsOnce: true }]) {
      const { detail } = endFailure(desired, notFound);
      expect(detail).toMatch(/ended with code 127\. The config sets PATH.*molo config unset PATH/);
      expect(detail).not.toContain('nonsense');
    }
    expect(explainStart(refused, ofConfig)).toMatchObject({ code: 'instance_start_failed', detail: expect.stringMatching(/not found in \$PATH\. The config sets PATH/) as string });
  });

  it('is put down to the Procfile, the shell or the image otherwise', () => {
    expect(endFailure(web, notFound).detail).toContain('Procfile');
    expect(explainStart(refused, { ...web, command: 'node server.js' })).toMatchObject({ detail: expect.stringContaining('/bin/sh') as string });
    expect(explainStart(refused, { ...web, command: null })).toMatchObject({ detail: expect.stringContaining('CMD and ENTRYPOINT') as string });
  });
});
