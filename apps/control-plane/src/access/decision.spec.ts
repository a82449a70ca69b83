import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anonymous, type Caller, moloItself } from './caller.js';
import { Decision } from './decision.js';

const member: Caller = { ...moloItself, kind: 'user', role: 'member', rights: ['any'], apps: new Map([['mine', { id: randomUUID(), rights: ['read', 'deploy'] }]]) };
const query = vi.fn();
const decision = new Decision({ query } as unknown as DataSource);
const codeOf = async (decided: Promise<void>) => await decided.then(() => 'may', (error: { code: string }) => error.code);

beforeEach(() => {
  query.mockResolvedValue([{ name: 'mine' }]);
});

afterEach(() => {
  query.mockReset();
});

describe('the decision', () => {
  it('asks the database nothing about an app, whoever asks', async () => {
    const ask = (caller: Caller, right: 'read' | 'administer', app: string) => codeOf(decision.require({ right, on: 'app' }, { app }, caller));
    expect([await ask(moloItself, 'administer', 'mine'), await ask(member, 'read', 'mine'), await ask(member, 'administer', 'mine'), await ask(member, 'read', 'others'), await ask(anonymous, 'read', 'mine')]).toEqual(['may', 'may', 'forbidden', 'not_found', 'not_signed_in']);
    expect(query).not.toHaveBeenCalled();
  });

  it('asks it one thing about a deployment, and only for those with no right on the platform', async () => {
    const ask = (caller: Caller, deploymentId: string) => codeOf(decision.require({ right: 'read', on: 'deployment' }, { deploymentId }, caller));
    expect(await ask(moloItself, randomUUID())).toBe('may');
    expect(query).not.toHaveBeenCalled();
    expect(await ask(member, randomUUID())).toBe('may');
    expect(query).toHaveBeenCalledTimes(1);
    query.mockResolvedValue([]);
    expect([await ask(member, randomUUID()), await ask(member, 'no id')]).toEqual(['not_found', 'not_found']);
  });
});
