import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Me } from '@molo/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import { main } from '../testing/molo.js';
import type { Answers, Asked } from '../testing/stand-in-platform.js';
import { TerminalSession } from '../testing/terminal-session.js';

const bed = new Bed();
const at = '2026-01-02T03:04:05.000Z';
const id = '6f2f4f9a-52a2-4f60-9a2f-0d6b6f2f4f9a';
const me: Me = { kind: 'user', name: 'Ada', email: 'ada@example.com', role: 'member', rights: ['any'], apps: [] };
const made = { id, name: 'made', rights: ['read' as const], apps: null, createdAt: at, expiresAt: null, lastUsedAt: null, token: 'molo_made' };
const password = 'correct horse battery';
const recoveryCodes = ['aaaa-bbbb-cccc-dddd', 'eeee-ffff-gggg-hhhh'];
const uri = 'otpauth://totp/molo.localhost:ada%40example.com?issuer=molo.localhost&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30';

let terminal: TerminalSession | undefined;

afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

/** Takes the code 123456 alone. */
function signIn({ body }: Asked): Me {
  const { code } = body as { code?: string };
  if (code === '123456') return me;
  if (code === undefined) throw new AppError('second_factor_required', { detail: 'The password is right.' });
  throw new AppError('second_factor_refused', { detail: 'This code is not right.' });
}

const answers: Answers = { me: () => me, signIn, signOut: () => undefined, createToken: () => made };

/** `molo` with these words, on a terminal of its own. */
function typing(url: string, ...words: readonly string[]): TerminalSession {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: bed.home.path, MOLO_HOME: '', NO_COLOR: '1', MOLO_URL: url, ...(words[0] === 'login' ? {} : { MOLO_TOKEN: 'molo_made' }) };
  terminal = new TerminalSession([process.execPath, main, ...words].join(' '), environment, bed.home.path);
  return terminal;
}

describe('molo login', () => {
  test('asks for a code where the platform wants one, and again where it was mistyped', async () => {
    const { url, asked } = await bed.serveOnNetwork(answers);
    const shell = typing(url, 'login');
    await shell.until('E-mail: ');
    shell.type('ada@example.com\n');
    await shell.until('Password: ');
    shell.type(`${password}\n`);
    await shell.until('recovery code: ');
    shell.type('654321\n');
    await shell.until('This code is not right.');
    await shell.until('recovery code: ');
    shell.type('123456\n');
    await shell.until('Signed in to');
    const credentials = { email: 'ada@example.com', password };
    expect(asked.filter(({ name }) => name === 'signIn').map(({ body }) => body)).toEqual([credentials, { ...credentials, code: '654321' }, { ...credentials, code: '123456' }]);
    expect(JSON.parse(await readFile(join(bed.home.path, '.config/molo/credentials.json'), 'utf8'))).toMatchObject({ login: { url, token: 'molo_made' } });
  });

  test('gives up after three codes, with the exit code of who may not', async () => {
    const { url, asked } = await bed.serveOnNetwork(answers);
    const shell = typing(url, 'login', '--json;', 'echo', 'ended', 'with', '$?');
    await shell.until('E-mail: ');
    shell.type('ada@example.com\n');
    await shell.until('Password: ');
    shell.type(`${password}\n`);
    for (let time = 0; time < 3; time++) {
      await shell.until('recovery code: ');
      shell.type('654321\n');
    }
    expect(await shell.until('ended with 4')).toContain('"code":"second_factor_refused"');
    expect(asked.map(({ name }) => name)).toEqual(['signIn', 'signIn', 'signIn', 'signIn']);
  });
});

describe('molo accept', () => {
  test('asks for a code where a password is chosen anew by who has a second factor', async () => {
    const { url, asked } = await bed.serveOnNetwork({ ...answers, acceptInvitation: signIn });
    const shell = typing(url, 'accept', `${url}/invitation?token=secret`, '--name', 'Ada');
    await shell.until('Password: ');
    shell.type(`${password}\n`);
    await shell.until('once more: ');
    shell.type(`${password}\n`);
    await shell.until('recovery code: ');
    shell.type('123456\n');
    await shell.until('Signed in to');
    const body = { token: 'secret', name: 'Ada', password };
    expect(asked.filter(({ name }) => name === 'acceptInvitation').map((each) => each.body)).toEqual([body, { ...body, code: '123456' }]);
  });
});

describe('molo second-factor', () => {
  test('shows whether there is one', async () => {
    const { answers: told } = await bed.serve({ getSecondFactor: () => ({ since: null, recoveryCodesLeft: 0 }) });
    expect((await bed.home.molo(['second-factor'])).stdout).toContain('molo second-factor enable');
    told.getSecondFactor = () => ({ since: at, recoveryCodesLeft: 7 });
    expect((await bed.home.molo(['second-factor'])).stdout).toContain('Recovery codes left: 7.');
    expect(JSON.parse((await bed.home.molo(['second-factor', 'show', '--json'])).stdout)).toEqual({ since: at, recoveryCodesLeft: 7 });
  });

  test('enable shows the secret and a QR code, and puts the recovery codes alone on stdout', async () => {
    const { url, asked } = await bed.serveOnNetwork({ ...answers, signIn: () => me, getSecondFactor: () => ({ since: null, recoveryCodesLeft: 0 }), enrolSecondFactor: () => ({ uri, secret: 'GEZDGNBVGY3TQOJQ' }), confirmSecondFactor: () => ({ recoveryCodes }) });
    const shell = typing(url, 'second-factor', 'enable', '>', 'codes;', 'echo', 'ended', 'with', '$?');
    await shell.until('Present password of ada@example.com: ');
    shell.type(`${password}\n`);
    const shown = await shell.until('The code that the app shows now: ');
    expect(shown).toContain('Secret: GEZD GNBV GY3T QOJQ');
    expect(shown).toContain(uri);
    expect(shown.match(/^[█▀▄ ]{30,}\r?$/gm)?.length).toBeGreaterThan(15);
    shell.type('123456\n');
    await shell.until('ended with 0');
    expect(await readFile(join(bed.home.path, 'codes'), 'utf8')).toBe(`${recoveryCodes.join('\n')}\n`);
    expect(asked.map(({ name, body }) => ({ name, body }))).toMatchObject([{ name: 'me' }, { name: 'getSecondFactor' }, { name: 'signIn' }, { name: 'enrolSecondFactor', body: { password } }, { name: 'confirmSecondFactor', body: { code: '123456' } }, { name: 'signOut' }]);
  });

  test.each([
    ['disable', 'disableSecondFactor', 'ada@example.com signs in with the password alone'],
    ['recovery-codes', 'renewRecoveryCodes', recoveryCodes[0] ?? ''],
  ])('%s takes password and code, and no session, which would use the code up', async (command, name, said) => {
    const { url, asked } = await bed.serveOnNetwork({ ...answers, disableSecondFactor: () => undefined, renewRecoveryCodes: () => ({ recoveryCodes }) });
    const shell = typing(url, 'second-factor', command);
    await shell.until('Present password of ada@example.com: ');
    shell.type(`${password}\n`);
    await shell.until('recovery code: ');
    shell.type('123456\n');
    await shell.until(said);
    expect(asked.map((each) => each.name)).toEqual(['me', name]);
    expect(asked.at(-1)?.body).toEqual({ password, code: '123456' });
  });

  test.each(['enable', 'disable', 'recovery-codes'])('%s says so where nobody can be asked', async (command) => {
    const { url } = await bed.serveOnNetwork(answers);
    const outcome = await bed.home.molo(['second-factor', command, '--json'], { environment: { MOLO_HOME: '', MOLO_URL: url, MOLO_TOKEN: 'molo_made' } });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(outcome.stderr)).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('terminal') as string });
  });
});
