import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

// Draws docs/images/ from a running local mode: node scripts/generate-screenshots.ts 'http://127.0.0.1:4700/console#token=…'
// Start it some minutes before, so that there is something to see, one dead letter included.

const FOLDER = join(import.meta.dirname, '../docs/images');
const WIDE = { width: 1280, height: 760 };
const NARROW = { width: 320, height: 640 };

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly theme?: 'light' | 'dark';
  readonly viewport?: typeof WIDE;
}

const [address] = process.argv.slice(2);
if (address === undefined) throw new Error('give the address of the console, with its token');
const { origin } = new URL(address);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const conversation = await findConversation(browser);
const failed = await findConversation(browser, '/console/dead-letters', '.letter-who a');
const VIEWS = {
  flow: '/console',
  conversation,
  timeline: `${conversation}?tab=timeline`,
  'dead-letters': '/console/dead-letters',
};
const SHOTS: readonly Shot[] = [
  { name: 'failed', path: failed },
  ...Object.entries(VIEWS).flatMap(([name, path]): Shot[] => [
    { name, path },
    { name: `${name}-dark`, path, theme: 'dark' },
    { name: `${name}-narrow`, path, viewport: NARROW },
    { name: `${name}-narrow-dark`, path, theme: 'dark', viewport: NARROW },
  ]),
];
for (const shot of SHOTS) await draw(browser, shot);
await browser.close();

async function draw(from: Browser, { name, path, theme = 'light', viewport = WIDE }: Shot): Promise<void> {
  const page = await open(from, { colorScheme: theme, viewport });
  await page.goto(origin + path);
  await page.locator('.avatar, .group').first().waitFor();
  // What is read piece by piece has come, and what moved stands still.
  await page.waitForLoadState('domcontentloaded');
  await page.waitForTimeout(1500);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await page.context().close();
}

async function findConversation(
  from: Browser,
  path = '/console',
  link = '.line:has(.tone-ok)',
): Promise<string> {
  const page = await open(from, { viewport: WIDE });
  await page.goto(origin + path);
  await page.locator('.avatar, .group').first().waitFor();
  const found = await page.locator(link).nth(2).or(page.locator(link).first()).last().getAttribute('href');
  await page.context().close();
  return found ?? '/console';
}

/** A page with the session of the token. */
async function open(
  from: Browser,
  options: { readonly colorScheme?: 'light' | 'dark'; readonly viewport: typeof WIDE },
): Promise<Page> {
  // Nothing is drawn on its way to its place.
  const page = await (await from.newContext({ ...options, reducedMotion: 'reduce' })).newPage();
  await page.goto(address ?? '');
  await page.locator('.stage').waitFor();
  return page;
}
