import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, onPageError } from './browser.js';
import { molo, moloJson, setting, visit } from './platform.js';

const password = 'a long enough password';
const app = 'peopled';

describe('the pages of people', () => {
  let browser: Browser;
  /** Of a sysadmin. */
  let page: Page;
  const troubles: string[] = [];
  const base = () => `http://molo.localhost:${setting('MOLO_HTTP_PORT')}`;

  beforeAll(async () => {
    browser = await launchBrowser();
    await moloJson('apps', 'create', app, '--no-remote');
    page = await join('sys@example.com', 'Sys', 'sysadmin');
  });

  afterAll(async () => {
    await browser.close();
  });

  async function open(context: BrowserContext): Promise<Page> {
    const opened = await context.newPage();
    onPageError(opened, (message) => troubles.push(message));
    return opened;
  }

  /** Somebody in a browser of their own, by an invitation. */
  async function join(email: string, name: string, role: string): Promise<Page> {
    const { invitation } = await moloJson<{ invitation: { link: string } }>('users', 'invite', email, '--name', name, '--role', role);
    return await follow(invitation.link);
  }

  async function follow(link: string): Promise<Page> {
    const theirs = await open(await browser.newContext({ viewport: { width: 1280, height: 900 } }));
    await theirs.goto(link);
    await theirs.getByLabel('Password').fill(password);
    await press(theirs, 'Join and sign in');
    await theirs.getByRole('heading', { name: 'Apps' }).waitFor();
    return theirs;
  }

  /** In one more browser. */
  async function signIn(email: string, chosen: string): Promise<Page> {
    const theirs = await open(await browser.newContext());
    await theirs.goto(`${base()}/sign-in`);
    await theirs.getByLabel('Email').fill(email);
    await theirs.getByLabel('Password').fill(chosen);
    await theirs.getByRole('button', { name: 'Sign in' }).click();
    await theirs.getByRole('heading', { name: 'Apps' }).waitFor();
    return theirs;
  }

  async function choose(name: string, action: string): Promise<Locator> {
    await page.getByRole('button', { name: `What to do with ${name}` }).click();
    await page.getByRole('menuitem', { name: action, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    return dialog;
  }

  const field = (place: Locator | Page, name: string) => place.getByRole('textbox', { name, exact: true });
  const rowOf = (text: string) => page.getByRole('listitem').filter({ hasText: text });
  const press = (place: Locator | Page, name: string) => place.getByRole('button', { name, exact: true }).click();
  const gone = (dialog: Locator) => dialog.waitFor({ state: 'hidden' });

  it('invite somebody by a link that is shown once, and change and take away what they may do', async () => {
    await page.getByRole('link', { name: 'People', exact: true }).click();
    await press(page, 'Invite');
    const dialog = page.getByRole('dialog');
    await field(dialog, 'Email').fill('no address');
    await press(dialog, 'Make the link');
    await dialog.getByText('It must be an e-mail address.').waitFor();
    await field(dialog, 'Email').fill('iris@example.com');
    await field(dialog, 'Name').fill('Iris');
    await dialog.getByRole('radio', { name: 'Viewer' }).check();
    await press(dialog, 'Make the link');
    await dialog.getByText('It is shown this once').waitFor();
    const link = (await dialog.getByText(/\/invitation\?token=/).innerText()).trim();
    await press(dialog, 'Done');
    expect(await rowOf('iris@example.com').innerText()).toMatch(/viewer[^]*invited/);
    const hers = await follow(link);
    await hers.getByRole('link', { name: 'People', exact: true }).click();
    await hers.getByText('sys@example.com').waitFor();
    expect(await hers.getByRole('button', { name: /^What to do with|^Invite/ }).count()).toBe(0);
    await page.reload();
    await rowOf('iris@example.com').getByText('active').waitFor();
    const change = await choose('Iris', 'Change name or role');
    await change.getByRole('radio', { name: 'Member' }).check();
    await press(change, 'Change');
    await gone(change);
    await hers.reload();
    await hers.getByText('Nothing to see here').waitFor();
    const removal = await choose('Iris', 'Remove');
    await press(removal, 'Remove');
    await rowOf('iris@example.com').waitFor({ state: 'detached' });
    await hers.reload();
    await hers.getByRole('button', { name: 'Sign in' }).waitFor();
    await hers.context().close();
  });

  it('sign somebody out everywhere, and offer sysadmins no ending of themselves', async () => {
    const theirs = await join('otto@example.com', 'Otto', 'viewer');
    await page.goto(`${base()}/people`);
    // By keys alone.
    await page.getByRole('button', { name: 'What to do with Otto' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Change name or role' }).press('ArrowDown');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Where Otto is signed in' });
    await dialog.getByText('Chrome on Linux').waitFor();
    await press(dialog, 'End all sessions');
    await press(dialog, 'Really end all');
    await dialog.getByText('Signed in nowhere').waitFor();
    await page.keyboard.press('Escape');
    await gone(dialog);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('What to do with Otto');
    await theirs.reload();
    await theirs.getByRole('button', { name: 'Sign in' }).waitFor();
    await theirs.context().close();
    await press(page, 'What to do with Sys');
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Change name or role']);
    await page.keyboard.press('Escape');
  });

  it('make a team, give it a role on an app, and say there why its users have it', async () => {
    const hers = await join('una@example.com', 'Una', 'member');
    await page.goto(`${base()}/people?view=teams`);
    await press(page, 'Create team');
    const dialog = page.getByRole('dialog');
    await field(dialog, 'Name').fill('deckhands');
    await press(dialog, 'Create');
    await gone(dialog);
    const card = rowOf('deckhands');
    const add = async (email: string) => {
      await card.getByRole('combobox', { name: 'Add to deckhands' }).fill(email);
      await press(card, 'Add');
    };
    await add('nobody@example.com');
    await card.getByText('There is no user nobody@example.com. Invite them first.').waitFor();
    await add('una@example.com');
    await page.getByRole('button', { name: 'Take Una out of deckhands' }).waitFor();
    await page.goto(`${base()}/apps/${app}?view=people`);
    await page.getByText('Nobody has a role on this app alone').waitFor();
    await press(page, 'Give a role');
    await page.getByRole('combobox', { name: 'To' }).selectOption('A team');
    await page.getByRole('combobox', { name: 'Name of the team' }).fill('deckhands');
    await page.getByRole('dialog').getByRole('radio', { name: 'Admin' }).check();
    await press(page.getByRole('dialog'), 'Give the role');
    await page.getByText('admin through deckhands').waitFor();
    await hers.goto(`${base()}/apps/${app}?view=people`);
    await hers.getByRole('button', { name: 'Give a role' }).waitFor();
    expect(await molo('members', 'remove', 'deckhands', '--app', app, '--yes')).toMatchObject({ code: 0 });
    await hers.reload();
    await hers.getByText('There is no app').or(hers.getByText('There is no such thing')).first().waitFor();
    await hers.context().close();
  });

  it('make a robot with a token for some apps alone, shown once, that works until it is revoked', async () => {
    await page.goto(`${base()}/people?view=robots`);
    await press(page, 'Create robot');
    const dialog = page.getByRole('dialog');
    await field(dialog, 'Name').fill('watchdog');
    await dialog.getByRole('radio', { name: 'Viewer' }).check();
    await press(dialog, 'Create');
    await dialog.getByRole('heading', { name: 'watchdog is made' }).waitFor();
    await field(dialog, 'Name').fill('probe');
    await field(dialog, 'Only for these apps').fill(app);
    await press(dialog, 'Create');
    const token = (await dialog.getByText(/^molo_/).innerText()).trim();
    await press(dialog, 'Done');
    const names = async () => {
      const { status, body } = await visit('molo', '/api/v1/apps', { authorization: `Bearer ${token}` });
      return status === 200 ? (JSON.parse(body) as { items: { name: string }[] }).items.map(({ name }) => name) : status;
    };
    expect(await names()).toEqual([app]);
    const tokens = await choose('watchdog', 'Tokens');
    await tokens.getByText(`Only for ${app}`).waitFor();
    expect(await tokens.innerText()).not.toContain(token);
    await press(tokens, 'Revoke probe');
    await press(tokens, 'Really revoke probe');
    await tokens.getByText('No token yet').waitFor();
    expect(await names()).toBe(401);
  });

  it('keep the focus where a row goes away: on the same button of the next one, of the one before, and then on the heading', async () => {
    const hers = await join('uma@example.com', 'Uma', 'viewer');
    await hers.goto(`${base()}/account`);
    for (const name of ['one', 'two', 'three']) {
      await press(hers, 'Create token');
      const dialog = hers.getByRole('dialog');
      await field(dialog, 'Name').fill(name);
      await press(dialog, 'Create');
      await press(dialog, 'Done');
    }
    const tokens = hers.getByRole('region', { name: 'API tokens' });
    const focused = () => hers.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
    // The newest is first.
    for (const [name, next] of [['two', 'Revoke one'], ['one', 'Revoke three'], ['three', 'API tokens']] as const) {
      await tokens.getByRole('button', { name: `Revoke ${name}` }).focus();
      await hers.keyboard.press('Enter');
      await tokens.getByRole('button', { name: `Really revoke ${name}` }).waitFor();
      await hers.keyboard.press('Enter');
      await expect.poll(focused).toBe(next);
    }
    await hers.context().close();
  });

  it('end all sessions of one but the browser at hand', async () => {
    const other = await signIn('sys@example.com', password);
    await page.goto(`${base()}/account`);
    const sessions = page.getByRole('region', { name: 'Sessions' }).getByRole('listitem');
    await expect.poll(() => sessions.count()).toBe(2);
    expect(await sessions.filter({ hasText: 'this one' }).getByRole('button').count()).toBe(0);
    await press(page, 'End all others');
    await press(page.getByRole('dialog'), 'End all others');
    await expect.poll(() => sessions.count()).toBe(1);
    await other.reload();
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.context().close();
  });

  it('offer no longer what was taken away while they were open', async () => {
    const theirs = await join('olga@example.com', 'Olga', 'sysadmin');
    await theirs.goto(`${base()}/people`);
    await press(theirs, 'Invite');
    expect(await molo('users', 'set-role', 'olga@example.com', 'viewer')).toMatchObject({ code: 0 });
    await field(theirs, 'Email').fill('late@example.com');
    await press(theirs, 'Make the link');
    await theirs.getByRole('dialog').getByText('You may not do this').waitFor();
    await theirs.keyboard.press('Escape');
    await theirs.getByRole('button', { name: 'Invite' }).waitFor({ state: 'detached' });
    expect((await moloJson<{ email: string }[]>('users')).map(({ email }) => email)).not.toContain('late@example.com');
    await theirs.context().close();
  });

  it('change one\'s own name and password, which signs out every other browser', async () => {
    const hers = await join('vita@example.com', 'Vita', 'viewer');
    const another = await signIn('vita@example.com', password);
    await hers.goto(`${base()}/account`);
    const dialog = hers.getByRole('dialog');
    await press(hers, 'Change name');
    await field(dialog, 'Name').fill('Vita Nova');
    await press(dialog, 'Change');
    await hers.getByRole('banner').getByText('Vita Nova').waitFor();
    await press(hers, 'Change password');
    await dialog.getByLabel('Present password').fill('not this one at all');
    await dialog.getByLabel('New password').fill('another long password');
    await press(dialog, 'Change');
    await dialog.getByText('It is not your present password.').waitFor();
    await dialog.getByLabel('Present password').fill(password);
    await press(dialog, 'Change');
    await gone(dialog);
    await another.reload();
    await another.getByRole('button', { name: 'Sign in' }).waitFor();
    await hers.reload();
    await hers.getByRole('heading', { name: 'Account' }).waitFor();
    await (await signIn('vita@example.com', 'another long password')).context().close();
    await Promise.all([hers, another].map((each) => each.context().close()));
  });

  it('change one\'s own password with all tokens and keys, and say before what ends', async () => {
    const hers = await join('rita@example.com', 'Rita', 'viewer');
    await hers.goto(`${base()}/account`);
    await press(hers, 'Create token');
    const dialog = hers.getByRole('dialog');
    await field(dialog, 'Name').fill('laptop');
    await press(dialog, 'Create');
    const token = (await dialog.getByText(/^molo_/).innerText()).trim();
    await press(dialog, 'Done');
    const asked = async () => (await visit('molo', '/api/v1/me', { authorization: `Bearer ${token}` })).status;
    expect(await asked()).toBe(200);
    await press(hers, 'Change password');
    await dialog.getByText('1 API token: laptop').waitFor();
    await dialog.getByText('There is no SSH key.').waitFor();
    await dialog.getByLabel('Present password').fill(password);
    await dialog.getByLabel('New password').fill('another long password');
    await dialog.getByRole('checkbox', { name: 'Revoke all my API tokens' }).check();
    await dialog.getByText('molo password --revoke-tokens', { exact: true }).waitFor();
    await press(dialog, 'Change');
    await gone(dialog);
    await hers.getByText('No token yet').waitFor();
    expect(await asked()).toBe(401);
    await hers.context().close();
  });

  it('find in the audit who did what, by an address that keeps the filter, and export just that', async () => {
    await page.goto(`${base()}/audit`);
    await page.getByRole('searchbox', { name: 'Words' }).fill('iris');
    await press(page, 'Find');
    await page.waitForURL(/\?q=iris$/);
    await rowOf('user.removed').waitFor();
    await page.getByText('By who, what, from where and when').click();
    await page.getByRole('combobox', { name: 'Did what' }).fill('user.invited');
    await press(page, 'Find');
    await page.getByText(/^1 event(?!s)/).waitFor();
    await page.getByText('molo audit --action user.invited --search iris', { exact: true }).waitFor();
    await page.reload();
    await rowOf('user.invited').getByText('What changed').click();
    await rowOf('user.invited').getByRole('columnheader', { name: 'After' }).waitFor();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export CSV' }).click();
    const exported = await downloading;
    expect(exported.suggestedFilename()).toBe('audit.csv');
    const lines = (await readFile(await exported.path(), 'utf8')).trimEnd().split('\r\n');
    expect([lines.length, lines[1]]).toEqual([2, expect.stringContaining('"user.invited","iris@example.com"')]);
    await page.getByRole('searchbox', { name: 'Words' }).fill('nothing-holds-this');
    await press(page, 'Find');
    await page.getByText('Nothing is like that').waitFor();
    await press(page, 'Show all');
    await page.getByText(/^\d+ events/).waitFor();
  });

  it('throw no error', () => {
    expect(troubles).toEqual([]);
  });
});
