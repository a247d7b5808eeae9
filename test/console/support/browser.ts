import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const CHROMIUM = process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path));

/** Why the tests in a browser cannot run here; undefined where they can, and where CI wants them to fail. */
export const BROWSER_MISSING =
  CHROMIUM !== undefined || process.env.BROWSER_REQUIRED === '1'
    ? undefined
    : 'no browser: apt-get install chromium, or set CHROMIUM_PATH to one';

export function startBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('BROWSER_REQUIRED=1, and there is no Chromium');
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    // So that a page can have a name which is not this machine's.
    '--host-resolver-rules=MAP evil.example 127.0.0.1',
  ];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A page that keeps what it asked for, what was said on its console, and what should never happen. */
export interface WatchedPage {
  readonly page: Page;
  /** Hosts that it sent a request to. */
  readonly hosts: Set<string>;
  /** Dialogs, errors, and what the content security policy refused. */
  readonly faults: string[];
}

interface OpenOptions extends Pick<BrowserContextOptions, 'viewport' | 'colorScheme'> {
  /** The time that the page believes it is. */
  readonly nowMs?: number | undefined;
}

const DESK = { width: 1280, height: 800 };

/**
 * A page as of a browser that was never used: without cookies, storage, other pages, or anything of an earlier test. It is
 * the same one each time, because a new context costs five times what is loaded into it.
 */
export async function openPage(
  browser: Browser,
  { nowMs, viewport = DESK, colorScheme = 'light' }: OpenOptions = {},
): Promise<WatchedPage> {
  const pages = nowMs === undefined ? WITH_REAL_TIME : WITH_FIXED_TIME;
  const watched = pages.get(browser) ?? (await watchPage(browser));
  pages.set(browser, watched);
  await forget(watched);
  await watched.page.setViewportSize(viewport ?? DESK);
  await watched.page.emulateMedia({ colorScheme });
  if (nowMs !== undefined) await watched.page.clock.setFixedTime(nowMs);
  return watched;
}

// A clock that was fixed once stays.
const WITH_REAL_TIME = new WeakMap<Browser, WatchedPage>();
const WITH_FIXED_TIME = new WeakMap<Browser, WatchedPage>();

async function watchPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext({ timezoneId: 'UTC' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const hosts = new Set<string>();
  const faults: string[] = [];
  page.on('request', (request) => {
    // Where a page begins, which has no host.
    if (request.url() !== 'about:blank') hosts.add(new URL(request.url()).hostname);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', ({ message }) => void faults.push(message));
  page.on('console', (message) => {
    // A server that is away is part of some tests.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  return { page, hosts, faults };
}

async function forget({ page, hosts, faults }: WatchedPage): Promise<void> {
  const context = page.context();
  for (const other of context.pages()) if (other !== page) await other.close();
  if (page.url() !== 'about:blank') await page.evaluate('localStorage.clear()');
  await context.clearCookies();
  await page.mouse.move(0, 0);
  hosts.clear();
  faults.length = 0;
}

/** What axe finds wrong, one line each: by all of its rules, or by some. */
export async function findBarriers(page: Page, runOnly?: readonly string[]): Promise<readonly string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    // The source above has put it there.
    const { axe: run } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await run.run({
      resultTypes: ['violations'],
      ...(rules && { runOnly: [...rules] }),
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  }, runOnly);
}

/** How many CSS pixels the page is wider than the screen. */
export function measureOverflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
