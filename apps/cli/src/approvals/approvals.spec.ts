import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { Answers } from '../testing/stand-in-platform.js';
import { deployment, deploymentId, log, state } from '../testing/things.js';

const bed = new Bed();

describe('approvals', () => {
  const waiting = { ...deployment, state: 'awaiting_approval' as const, receipt: null, finishedAt: null, approval: { decision: null, by: null, at: null, word: null } };
  const changes = { version: 'seen', live: { number: 3, version: '1.2' }, image: { before: `sha256:${'0'.repeat(64)}`, after: `sha256:${'1'.repeat(64)}` }, commit: { before: null, after: null, added: [], removed: [] }, config: [{ key: 'API_KEY', kind: 'added' as const, secret: true, before: null, after: null }, { key: 'COLOUR', kind: 'changed' as const, secret: false, before: 'blue', after: '\u001b[31mred' }], formation: [{ processType: 'web', before: 1, after: 3 }] };
  const answers: Answers = { listApprovals: () => ({ items: [waiting], nextCursor: null }), getDeployment: () => waiting, getDeploymentChanges: () => changes, approveDeployment: () => waiting, declineDeployment: () => waiting };

  test('a command that deploys ends with 0 when its deployment waits, and says how it goes on', async () => {
    await bed.serve({
      ...answers,
      rollBack: () => waiting,
      followDeployment: async function* () {
        yield log(1, '-----> Node app');
        yield state(2, 'awaiting_approval');
        await new Promise(() => undefined);
      },
    });
    const { code, stdout } = await bed.home.molo(['rollback', '--app', 'myapp']);
    expect(code).toBe(0);
    expect(stdout).toContain('-----> Waiting until a sysadmin approves');
    expect(stdout).toContain(`molo approve ${deploymentId}`);
  });

  test('what would change is shown with secrets and escapes hidden, and approved as it was shown', async () => {
    const { asked } = await bed.serve(answers);
    const { stdout } = await bed.home.molo(['changes', '--app', 'myapp']);
    expect(stdout.split('\n')).toEqual(['Live now   v3 1.2', 'Image      000000000000 → 111111111111', 'Config     ', '  + API_KEY (secret, added)', expect.stringMatching(/^ {2}~ COLOUR blue → .*red$/) as string, 'Formation  web 1 → 3', '']);
    expect(stdout).not.toContain('\u001b');
    expect(await bed.home.molo(['approve', '--app', 'myapp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(await bed.home.molo(['approve', '--app', 'myapp', '--yes', '--word', 'Looks good'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`Approved ${deploymentId}`) as string });
    expect(asked.filter(({ name }) => name === 'approveDeployment')).toMatchObject([{ params: { deploymentId }, body: { version: 'seen', word: 'Looks good' } }]);
    expect((await bed.home.molo(['decline', deploymentId])).code).toBe(0);
    expect(await bed.home.molo(['approve', '--app', 'other', '--yes'])).toMatchObject({ code: 3, stderr: expect.stringContaining('Nothing waits for approval in production of other') as string });
  });

  test('promote goes from staging to production, or as it is told', async () => {
    const { asked } = await bed.serve({ promote: () => ({ ...deployment, state: 'queued', receipt: null }) });
    await bed.home.molo(['promote', '--app', 'myapp', '--detach']);
    await bed.home.molo(['promote', 'v2', '--from', 'acceptance', '--to', 'staging', '--app', 'myapp', '--detach']);
    expect(asked.map(({ params, body }) => [params['environment'], body])).toEqual([['production', { from: 'staging' }], ['staging', { from: 'acceptance', release: 2 }]]);
  });
});
