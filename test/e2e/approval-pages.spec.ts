import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, onPageError } from './browser.js';
import { checkout, command, molo, moloJson, setting, visit, WorkingCopy } from './platform.js';

const app = 'lighthouse';

describe('the pages of environments and approvals', () => {
  let browser: Browser;
  let copy: WorkingCopy;
  /** Of a sysadmin. */
  let page: Page;
  const troubles: string[] = [];
  const base = () => `http://molo.localhost:${setting('MOLO_HTTP_PORT')}`;

  beforeAll(async () => {
    browser = await launchBrowser();
    copy = await WorkingCopy.of(app);
    await copy.commitFixture('myapp/1.0');
    expect(await copy.push()).toMatchObject({ code: 0 });
    page = await join('sysadmin');
  });

  afterAll(async () => {
    await browser.close();
    await copy[Symbol.asyncDispose]();
  });

  async function join(role: string): Promise<Page> {
    const { invitation } = await moloJson<{ invitation: { link: string } }>('users', 'invite', `${role}@approvals.example.com`, '--name', `A ${role}`, '--role', role);
    const theirs = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    onPageError(theirs, (message) => troubles.push(message));
    await theirs.goto(invitation.link);
    await theirs.getByLabel('Password').fill('a long enough password');
    await press(theirs, 'Join and sign in');
    await theirs.getByRole('heading', { name: 'Apps' }).waitFor();
    return theirs;
  }

  const press = async (place: Page, name: string) => await place.getByRole('button', { name, exact: true }).click();
  const inDialog = async (place: Page, name: string) => {
    await place.getByRole('dialog').getByRole('button', { name, exact: true }).click();
    await place.getByRole('dialog').waitFor({ state: 'hidden' });
  };

  it('make an environment and protect another', async () => {
    await page.goto(`${base()}/apps/${app}?view=environments`);
    await press(page, 'Create environment');
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('main');
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('Pushes to main deploy production').waitFor();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('staging');
    await inDialog(page, 'Create');
    await page.getByRole('heading', { name: 'staging' }).waitFor();
    await press(page, 'Protect production');
    await inDialog(page, 'Protect');
    await page.getByText('Protected', { exact: true }).waitFor();
    expect(await moloJson('environments', '--app', app)).toMatchObject([{ name: 'production', protected: true }, { name: 'staging', protected: false }]);
  });

  it('show what waits, what it would change, and have a sysadmin approve it with a word', async () => {
    expect(await command(`${checkout}/bin/molo`, ['config', 'set', 'GREETING=ahoy', '--app', app], { env: { MOLO_URL: base(), MOLO_TOKEN: copy.secret } })).toMatchObject({ code: 0 });
    await page.goto(`${base()}/`);
    await page.getByText('One deployment waits for approval').waitFor();
    await page.getByRole('link', { name: `Look at ${app}, production` }).click();
    await page.getByRole('heading', { name: 'What it would change' }).waitFor();
    await page.getByText('GREETING').waitFor();
    const theirs = await join('developer');
    await theirs.goto(page.url());
    await theirs.getByText('It goes live by itself once a sysadmin approves it.').waitFor();
    expect(await theirs.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await press(page, 'Approve');
    await page.getByRole('dialog').getByLabel('A word for the others').fill('Looks good');
    await inDialog(page, 'Approve');
    await page.getByText(/^Approved by A sysadmin, /).waitFor();
    await theirs.getByText('Looks good').first().waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor({ timeout: 60_000 });
    expect((await visit(app, '/version')).status).toBe(200);
  });

  it('decline, and are told of nothing that a browser complains of', async () => {
    expect(await command(`${checkout}/bin/molo`, ['redeploy', '--app', app], { env: { MOLO_URL: base(), MOLO_TOKEN: copy.secret } })).toMatchObject({ code: 0 });
    await page.goto(`${base()}/apps/${app}`);
    await page.getByRole('link', { name: 'Look at it' }).click();
    await press(page, 'Decline');
    await inDialog(page, 'Decline');
    await page.getByText(/^Declined by A sysadmin, /).waitFor();
    expect((await molo('approvals', '--json')).stdout.trim()).toBe('[]');
    expect(troubles).toEqual([]);
  });
});
