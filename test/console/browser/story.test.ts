import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type LocalScene, simulatorOf, startLocalScene } from '../../support/local-scene.ts';
import { BROWSER_MISSING, openPage, startBrowser } from '../support/browser.ts';

// The console of a real local mode, from a hook to the record.

let browser: Browser;
let scene: LocalScene;

beforeAll(async () => {
  if (BROWSER_MISSING !== undefined) return;
  [browser, scene] = await Promise.all([startBrowser(), startLocalScene()]);
}, 60_000);

beforeEach(({ skip }) => skip(BROWSER_MISSING !== undefined, BROWSER_MISSING));

afterAll(async () => {
  await browser?.close();
  await scene?.stop();
}, 30_000);

/** The page as its banner's address opens it; without a token: as anybody on this machine could ask for it. */
async function open({ hasToken = true } = {}) {
  const { console: address, console_token } = scene.mode.health;
  const watched = await openPage(browser);
  // An address that differs from the page's by its fragment alone would load nothing.
  await watched.page.goto('about:blank');
  await watched.page.goto(hasToken ? `${address}#token=${console_token}` : address);
  return watched;
}

test('a hook comes, the conversation fails, its reason is read, one click retries it, and the record is out', {
  timeout: 60_000,
}, async () => {
  const simulator = simulatorOf(scene);
  const [session, healthy] = simulator.seedConversations({ conversations: 2, messages: 4 });
  if (!session || !healthy) throw new Error('nothing was seeded');
  const effect = { kind: 'answer', status: 403, reason: 'not_allowed' } as const;
  const heal = simulator.faults.add({
    effect,
    route: 'messages',
    sessionId: session.sessionId,
    times: Number.POSITIVE_INFINITY,
  });
  const { page, hosts, faults } = await open();
  await page.getByText('No hook has come yet').waitFor();

  // One that Crisp serves shows that the other's refusal is its own.
  await Promise.all([scene.hook(session), scene.hook(healthy)]);
  const line = page.locator(`.line[href$="${session.sessionId}"]`);
  await line.getByText('Crisp refuses it').waitFor({ timeout: 20_000 });
  await line.click();
  const card = page.locator('.letter-card');
  await card.getByText('Dead-lettered').waitFor({ timeout: 20_000 });
  const why = await card.innerText();
  heal();
  await card.getByRole('button', { name: 'Retry' }).click();
  await page.locator('.letter-card.is-ok').waitFor({ timeout: 20_000 });
  const records = await scene.receiveRecords(2);
  await page.locator('.message').first().waitFor();

  expect(why).toMatch(/403.*not_allowed.*crisp_forbidden/s);
  expect(records.map((record) => record.session_id)).toEqual([healthy.sessionId, session.sessionId]);
  expect(await page.locator('.message').count()).toBeGreaterThan(0);
  expect(await page.locator('.letter-card').innerText()).toContain('new record');
  expect(faults).toEqual([]);
  expect([...hosts]).toEqual(['127.0.0.1']);
});

test('one button plays a conversation, which comes in at the top', async () => {
  const { page } = await open();

  await page.getByRole('button', { name: 'Play a conversation' }).first().click();

  await page.locator('.line').first().waitFor();
});

test('the token leaves the address at once, and a reload needs none', async () => {
  const { page } = await open();
  await page.locator('.stations').waitFor();
  const address = page.url();

  await page.reload();
  await page.locator('.stage').waitFor();

  expect(address).not.toContain('token');
  expect(await page.evaluate('document.cookie')).toBe('');
});

test('without the token the page says which address it needs, and shows nothing else', async () => {
  const { page } = await open({ hasToken: false });

  await page.getByText('needs the address that the start has printed').waitFor();

  expect(await page.locator('.stations').count()).toBe(0);
});

test.each([
  ['another site', 'evil.example'],
  ['another port of this machine', '127.0.0.1'],
])(
  'a page of %s can neither read nor change anything, nor frame it, though the cookie is there',
  async (_, host) => {
    const { page } = await open();
    await page.locator('.stage').waitFor();
    const foreign = await serveEmptyPage();
    onTestFinished(foreign.stop);
    const other = await page.context().newPage();
    const statuses: number[] = [];
    other.on('response', (response) => {
      if (response.url().includes('/console')) statuses.push(response.status());
    });
    await other.goto(`http://${host}:${foreign.port}/`);

    const found = await tryEverything(other, scene.mode.health.console);
    await other.setContent(`<iframe src="${scene.mode.health.console}"></iframe>`);
    const framed = await other.frameLocator('iframe').locator('.bar').count();

    expect(found).toEqual({ read: 'refused', post: 'refused', json: 'refused', stream: 'refused' });
    expect(framed).toBe(0);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status < 400)).toEqual([]);
  },
);

test('a name of somebody else’s that points at this machine gets no page', async () => {
  const { page } = await openPage(browser);
  const { port } = new URL(scene.mode.health.console);

  const response = await page.goto(`http://evil.example:${port}/console`);

  expect(response?.status()).toBe(403);
  expect(await response?.json()).toMatchObject({ code: 'host_not_allowed' });
});

test('an address with markup in it is answered without any', async () => {
  const { page, faults } = await open();

  const response = await page.goto(
    `${scene.mode.health.console}/conversations/x/${encodeURIComponent('<img src=x onerror=alert(1)>')}`,
  );

  expect(response?.status()).toBe(404);
  expect(await page.locator('img').count()).toBe(0);
  expect(faults).toEqual([]);
});

/** What a page of another origin could try, and what came of it. */
function tryEverything(page: Page, address: string) {
  return page.evaluate(async (target) => {
    const refused = () => 'refused';
    const body = JSON.stringify({ key: 'foreign-key', all: true });
    const headers = { 'content-type': 'application/json', 'x-crisp-enrich-console': '1' };
    const credentials = 'include';
    const redrives = `${target}/api/redrives`;
    const asText = (response: Response) => response.text();
    const read = await fetch(`${target}/api/overview`, { credentials }).then(asText, refused);
    // A simple request, as a form would send it.
    const post = await fetch(redrives, { method: 'POST', mode: 'no-cors', credentials, body }).then(
      asText,
      refused,
    );
    const json = await fetch(redrives, { method: 'POST', headers, credentials, body }).then(asText, refused);
    const stream = await new Promise((resolve) => {
      const source = new EventSource(`${target}/api/events`, { withCredentials: true });
      source.onerror = () => resolve('refused');
      source.onopen = () => resolve('open');
    });
    return { read, post, json, stream };
  }, address);
}

async function serveEmptyPage(): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>foreign</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
