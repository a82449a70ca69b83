import { type Browser, chromium, type Page } from 'playwright-core';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Debian's own Chromium. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
}

/** Tells of what goes wrong in a page. React catches what a component throws, and says so in the console alone; what the server refuses is in there, too, and no fault of the page. */
export function onPageError(page: Page, tell: (message: string) => void): void {
  page.on('pageerror', (error) => tell(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) tell(message.text());
  });
}
