import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, onPageError } from './browser.js';
import { molo, moloJson, setting, visit, WorkingCopy } from './platform.js';

const password = 'a long enough password';

describe('the dashboard', () => {
  let browser: Browser;
  let page: Page;
  let copy: WorkingCopy;
  const troubles: string[] = [];
  const base = () => `http://molo.localhost:${setting('MOLO_HTTP_PORT')}`;

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    onPageError(page, (message) => troubles.push(message));
    copy = await WorkingCopy.of('showcase');
  });

  afterAll(async () => {
    await browser.close();
    await copy[Symbol.asyncDispose]();
  });

  it('lets the owner claim the platform once with the one-time link', async () => {
    const link = (await readFile(join(setting('MOLO_HOME'), 'control-plane/claim-link'), 'utf8')).trim();
    await page.goto(link);
    await page.getByLabel('Name').fill('Grace');
    await page.getByLabel('Email').fill('grace@example.com');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Claim and sign in' }).click();
    await page.getByRole('heading', { name: 'Apps' }).waitFor();
    const again = await browser.newPage();
    await again.goto(link);
    await again.getByLabel('Name').fill('Mallory');
    await again.getByLabel('Email').fill('mallory@example.com');
    await again.getByLabel('Password').fill(password);
    await again.getByRole('button', { name: 'Claim and sign in' }).click();
    await again.getByRole('alert').first().waitFor();
    await again.close();
  });

  it('shows MyApp going 1.0 → 1.1 in an open page, and rolls back by a click', async () => {
    await page.goto(`${base()}/apps/showcase`);
    for (const version of ['1.0', '1.1']) {
      await copy.commitFixture(`myapp/${version}`);
      expect(await copy.push()).toMatchObject({ code: 0 });
      await page.getByRole('tab', { name: new RegExp(`^${version} (Live )?v`) }).waitFor();
    }
    await page.getByRole('tab', { name: /^1\.0 v1/ }).click();
    await page.getByRole('button', { name: /^Roll back to 1\.0/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^Roll back/ }).click();
    await page.waitForURL(/\/deployments\//);
    await page.getByText('No request failed, no connection dropped').first().waitFor({ timeout: 60_000 });
    await expect.poll(async () => (await visit('showcase', '/version')).headers['x-myapp-version'], { timeout: 60_000 }).toBe('1.0');
  });

  it('lets somebody join by an invitation once, and shows them the app that they are made a member of, with what they may do there', async () => {
    const { invitation } = await moloJson<{ invitation: { link: string } }>('users', 'invite', 'ada@example.com', '--name', 'Ada');
    const context = await browser.newContext();
    const theirs = await context.newPage();
    onPageError(theirs, (message) => troubles.push(message));
    await theirs.goto(invitation.link);
    await theirs.getByLabel('Password').fill('short');
    await theirs.getByRole('button', { name: 'Join and sign in' }).click();
    await theirs.getByText('Take at least 10 characters.').waitFor();
    await theirs.getByLabel('Password').fill(password);
    await theirs.getByRole('button', { name: 'Join and sign in' }).click();
    await theirs.getByText('No app to see yet').waitFor();
    expect(await molo('members', 'add', 'ada@example.com', '--role', 'developer', '--app', 'showcase')).toMatchObject({ code: 0 });
    await theirs.reload();
    await theirs.getByRole('link', { name: 'showcase' }).first().click();
    await theirs.getByRole('button', { name: 'Redeploy' }).waitFor();
    const again = await context.newPage();
    await again.goto(invitation.link);
    await again.getByLabel('Password').fill(password);
    await again.getByRole('button', { name: 'Join and sign in' }).click();
    await again.getByRole('alert').first().waitFor();
    await context.close();
  });

  it('follows a deployment live, with its steps and its log', async () => {
    await copy.commitFixture('myapp/1.2');
    // Once it is answered its deployment is the first of the list.
    const push = await copy.untilPushStarts();
    const pushed = once(push, 'exit');
    await page.goto(`${base()}/apps/showcase`);
    await page.getByRole('tab', { name: 'Deployments' }).or(page.getByRole('link', { name: 'Deployments' })).click();
    await page.locator('a[href^="/deployments/"]').first().click();
    await page.getByRole('log').waitFor();
    expect(await pushed).toEqual([0, null]);
    await page.getByRole('log').getByText('Source').first().waitFor();
    await page.getByText('No request failed, no connection dropped').first().waitFor();
  });

  it('ends the track at the newest release, and shows of one that failed nothing in the colour of what went well', async () => {
    await copy.commitFixture('bad/exits-at-once');
    expect((await copy.push()).code).not.toBe(0);
    await page.goto(`${base()}/apps/showcase`);
    const failed = page.getByRole('tab').filter({ hasText: 'Failed' }).last();
    await failed.waitFor();
    const colourOf = (locator: Locator) => locator.evaluate((element) => getComputedStyle(element).color);
    const [good, ofFailed] = [await colourOf(page.getByRole('tab').filter({ hasText: 'Live' }).getByText('failed request')), await colourOf(failed.getByText('failed request'))];
    expect(ofFailed).not.toBe(good);
    const [line, post] = await failed.evaluate((tab) => [...tab.parentElement!.querySelectorAll('span[aria-hidden]')].slice(0, 2).map((part) => part.getBoundingClientRect().right));
    expect(line).toBeLessThan(post!);
  });

  it('shows what would harm a terminal or a page as the text that it is', async () => {
    await using hostile = await WorkingCopy.of('hostilepage');
    await hostile.commitFixture('bad/hostile-log');
    await hostile.makeUnique();
    await hostile.commit('Build anew');
    expect((await hostile.push()).code).toBe(0);
    await page.goto(`${base()}/apps/hostilepage?view=deployments`);
    await page.locator('a[href^="/deployments/"]').first().click();
    await expectHarmless();
    await page.goto(`${base()}/apps/hostilepage?view=logs`);
    await expectHarmless();
    expect(troubles).toEqual([]);
  });

  async function expectHarmless(): Promise<void> {
    const log = page.getByRole('log');
    await log.getByText('hostile lines end').last().waitFor({ timeout: 60_000 });
    const text = (await log.textContent()) ?? '';
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(text).not.toContain('OWNED');
    expect(await log.locator('img, script, a').count()).toBe(0);
    expect(await page.evaluate(() => 'owned' in window)).toBe(false);
    expect(await page.title()).not.toContain('OWNED');
    // One that draws or scrolls for seconds is as good as one that hangs.
    const startedAt = performance.now();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(document.body.offsetHeight))));
    expect(performance.now() - startedAt).toBeLessThan(2000);
  }

  it('fits a phone, and throws no error on any page', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ['/', '/apps/showcase', '/apps/showcase?view=people', '/account', '/nodes', '/people', '/people?view=teams', '/people?view=robots', '/audit']) {
      await page.goto(base() + path);
      await page.getByRole('heading').first().waitFor();
      // The frame of a page is narrow; what may not be is what it lists.
      await page.getByText(/^Loading/).first().waitFor({ state: 'hidden' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), `${path} scrolls sideways`).toBeLessThanOrEqual(0);
    }
    expect(troubles).toEqual([]);
  });

  it('shows nothing to whoever is not signed in', async () => {
    const stranger = await browser.newPage();
    await stranger.goto(`${base()}/apps/showcase`);
    await stranger.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await stranger.locator('body').innerText()).not.toContain('v1');
    await stranger.close();
  });
});
