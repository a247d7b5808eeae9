import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Line } from '../../../lib/console/model.ts';
import {
  BROWSER_MISSING,
  findBarriers,
  measureOverflow,
  openPage,
  startBrowser,
} from '../support/browser.ts';
import {
  aConversation,
  aLetter,
  aLine,
  aMessage,
  anOverview,
  aRecord,
  aRedrive,
  aRun,
  aSession,
  FAILURE,
  NOW_MS,
} from '../support/invented.ts';
import { aMockData, type MockConsole, type MockData, startMockConsole } from '../support/mock-console.ts';

const CONVERSATION = `/conversations/${aSession(1).websiteId}/${aSession(1).sessionId}`;
const FAILED = `/conversations/${aSession(2).websiteId}/${aSession(2).sessionId}`;
const VIEWS = {
  '': 'Play a conversation',
  [CONVERSATION]: 'Is my parcel lost?',
  [FAILED]: 'Dead-lettered',
  [`${CONVERSATION}?tab=timeline`]: 'coalesced into one message',
  [`${CONVERSATION}?tab=json`]: 'Copy JSON',
  [`${CONVERSATION}?tab=versions`]: '3 changes',
  '/runs': 'Outcome',
  '/dead-letters': 'Retry all 2',
} as const;

let browser: Browser;
let mock: MockConsole;

beforeAll(async () => {
  if (BROWSER_MISSING !== undefined) return;
  [browser, mock] = await Promise.all([startBrowser(), startMockConsole()]);
}, 30_000);

beforeEach(({ skip }) => {
  skip(BROWSER_MISSING !== undefined, BROWSER_MISSING);
  Object.assign(mock.data, aMockData());
  mock.posts.length = 0;
});

afterAll(async () => {
  await browser?.close();
  await mock?.stop();
});

/** A page of the console over what is told to it. */
async function open(
  path: string,
  data: Partial<MockData> = {},
  options: Parameters<typeof openPage>[1] = {},
) {
  Object.assign(mock.data, data);
  const watched = await openPage(browser, { nowMs: NOW_MS + 8000, ...options });
  await watched.page.goto(mock.url + path);
  return watched;
}

/** Goes where a link of the page would go. */
function follow(page: Page, path: string) {
  return page.evaluate(
    `history.pushState(null, '', '/console${path}'); dispatchEvent(new Event('popstate'))`,
  );
}

async function waitForText(page: Page, text: string) {
  await page.getByText(text).filter({ visible: true }).first().waitFor();
}

function aDeployedOverview() {
  const overview = anOverview();
  const confirm = 'crisp-enrich-prod-sessions-dlq.fifo';
  return { ...overview, bar: { ...overview.bar, isLocal: false, stage: 'prod', confirm } };
}

describe('every view', () => {
  // The themes differ by their colours alone.
  test.each([
    { colorScheme: 'light', rules: undefined },
    { colorScheme: 'dark', rules: ['color-contrast'] },
  ] as const)(
    'has nothing that axe finds, in the $colorScheme theme',
    { timeout: 60_000 },
    async ({ colorScheme, rules }) => {
      const { page, faults } = await open('', {}, { colorScheme });
      const found: string[] = [];
      for (const [path, text] of Object.entries(VIEWS)) {
        await follow(page, path);
        await waitForText(page, text);
        found.push(...(await findBarriers(page, rules)).map((barrier) => `${path} ${barrier}`));
      }

      expect(found).toEqual([]);
      expect(faults).toEqual([]);
    },
  );

  test('has nothing that axe finds in what opens over it', { timeout: 60_000 }, async () => {
    const { page } = await open('/dead-letters', { overview: aDeployedOverview() });
    await waitForText(page, 'Retry all 2');
    const found: (readonly string[])[] = [];

    await page.locator('.deliveries summary').click();
    found.push(await findBarriers(page));
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Retry all 2' }).click();
    found.push(await findBarriers(page));
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.locator('#help-title').waitFor();
    found.push(await findBarriers(page));

    expect(found).toEqual([[], [], []]);
  });

  test('has no horizontal scroll at 320 px', async () => {
    const { page } = await open('', {}, { viewport: { width: 320, height: 640 } });
    const overflows: [string, number][] = [];
    for (const [path, text] of Object.entries(VIEWS)) {
      await follow(page, path);
      await waitForText(page, text);
      overflows.push([path, await measureOverflow(page)]);
    }

    expect(overflows).toEqual(Object.keys(VIEWS).map((path) => [path, 0]));
  });
});

describe('what somebody wrote', () => {
  const HOSTILE = [
    '<script>alert(1)</script><img src="https://evil.example/beacon" onerror="alert(2)">',
    '[win](javascript:alert(3)) https://evil.example/?leak=1',
    'pay \u202egnp.exe\u202c now\u200b\u0000\u001b[2J\u001b]8;;https://evil.example\u0007link',
    '{{constructor.constructor("alert(4)")()}} "><svg/onload=alert(6)>',
  ].join('\n');
  const line: Line = aLine(1, {
    name: HOSTILE,
    lastMessage: HOSTILE,
    failure: { code: FAILURE.code, words: HOSTILE },
  });
  const message = (index: number, fields: object) =>
    aMessage(index, { user: { nickname: HOSTILE }, ...fields });
  const messages = [
    message(0, { content: HOSTILE }),
    message(1, { type: 'note', from: 'operator', content: HOSTILE }),
    message(2, {
      type: 'file',
      content: { name: HOSTILE, type: 'image/png', url: 'https://evil.example/a.png' },
    }),
    message(3, {
      type: 'audio',
      content: { url: 'https://evil.example/a.mp3', type: 'audio/mp3', duration: 3 },
    }),
    message(4, { type: 'event', content: { namespace: 'x', text: HOSTILE } }),
    message(5, { type: 'picker', content: { text: HOSTILE, choices: [{ label: HOSTILE, selected: true }] } }),
    message(6, { type: HOSTILE, content: { [HOSTILE]: HOSTILE } }),
    message(7, { type: 'text', content: { html: HOSTILE } }),
    null,
  ];
  const record = aRecord(1, messages);
  record.meta = { ...record.meta, nickname: HOSTILE, email: HOSTILE, segments: [HOSTILE] };
  const hostile: Partial<MockData> = {
    lines: [line],
    runs: [aRun(1, { code: 'crisp_error', words: HOSTILE, outcome: 'failed' })],
    letters: [aLetter(1, { words: HOSTILE })],
    redrives: [
      aRedrive(
        [
          {
            messageId: 'm',
            session: aSession(1),
            state: 'failed',
            dueMs: null,
            version: null,
            sinceMs: null,
            words: HOSTILE,
          },
        ],
        { label: HOSTILE },
      ),
    ],
    conversation: () =>
      aConversation(1, {
        record,
        deadLetters: [aLetter(1, { words: HOSTILE })],
        timeline: [{ ...aConversation(1).timeline[0], words: HOSTILE } as never],
      }),
  };

  test('is text everywhere: nothing runs, loads or links, and nothing leaves this machine', async () => {
    const { page, hosts, faults } = await open('', hostile);
    const elements: string[] = [];
    for (const path of Object.keys(VIEWS)) {
      await follow(page, path);
      await waitForText(page, path.endsWith('json') ? 'record' : '<script>alert(1)</script>');
      elements.push(
        ...(await page.evaluate<string[]>(
          `[...document.querySelectorAll('img, audio, video, iframe, object, svg[onload], body script, a:not([href^="/console"]):not([href="#main"])')].map((it) => it.outerHTML)`,
        )),
      );
    }

    expect(elements).toEqual([]);
    expect(faults).toEqual([]);
    expect([...hosts]).toEqual(['127.0.0.1']);
  });

  test('shows its invisible and directing characters, and cannot turn what stands beside it', async () => {
    const { page } = await open(CONVERSATION, hostile);
    await waitForText(page, 'gnp.exe');

    const bubble = page.locator('.bubble').first();

    expect(await bubble.locator('.mark').allTextContents()).toEqual(
      expect.arrayContaining(['RLO', 'PDF', 'ZWSP', 'NUL', 'ESC', 'BEL']),
    );
    expect(await bubble.innerText()).not.toMatch(/[\u202a-\u202e\u200b]/u);
    expect(await bubble.locator('bdi').first().getAttribute('dir')).toBe('auto');
  });

  test('is not loaded where it is a file', async () => {
    const { page } = await open(CONVERSATION);

    await waitForText(page, 'not loaded');

    expect(await page.locator('.file').innerText()).toContain('order.png');
  });
});

describe('10,000 rows', () => {
  const COUNT = 10_000;
  const many: Partial<MockData> = {
    lines: Array.from({ length: COUNT }, (_, index) => aLine(index)),
    runs: Array.from({ length: COUNT }, (_, index) => aRun(index)),
    letters: Array.from({ length: COUNT }, (_, index) => aLetter(index)),
  };

  test('are painted first within a second', async () => {
    const { page } = await open('', many, { nowMs: undefined });
    await page.locator('.line').first().waitFor();

    const paints: number[] = [];
    // The first request of all has the page bundled; a busy machine is slow at any of them.
    for (let load = 0; load < 3; load += 1) {
      await page.reload();
      await page.locator('.line').first().waitFor();
      paints.push(
        await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`),
      );
    }

    expect(Math.min(...paints)).toBeLessThan(1000);
  });

  test.each([
    ['', '.line'],
    ['/dead-letters', '.letter'],
  ])('at %s, of which some dozens are drawn, answer a key and a scroll within 100 ms', async (path, row) => {
    const { page } = await open(path, many);
    await page.locator(row).first().waitFor();
    const [keys, scrolls]: [number[], number[]] = [[], []];

    for (const key of ['j', 'j', 'k', 'j', 'k']) keys.push(await page.evaluate<number>(toTimedKey(key)));
    const focused = await page.evaluate('document.activeElement.closest(".row").dataset.index');
    for (const share of [0.5, 1, 0.3, 0.7, 0])
      scrolls.push(await page.evaluate<number>(toTimedScroll(share)));

    expect(await page.locator(row).count()).toBeLessThan(100);
    // What the page needs, and not what a busy machine makes of it.
    expect(Math.min(...keys)).toBeLessThan(100);
    expect(Math.min(...scrolls)).toBeLessThan(100);
    expect([focused, await page.evaluate('document.activeElement.closest(".row").dataset.index')]).toEqual([
      '0',
      '0',
    ]);
  });

  test('of one reason are chosen with one click, within 100 ms', async () => {
    const { page } = await open('/dead-letters', many);
    await page.locator('.letter').first().waitFor();

    const times: number[] = [];

    for (let click = 0; click < 3; click += 1)
      times.push(await page.evaluate<number>(timed(`document.querySelector('.choose input').click()`)));

    expect(Math.min(...times)).toBeLessThan(100);
    expect(await page.locator('.letters-head').innerText()).toContain('selected');
  });

  // From the event to the frame that shows what it changed.
  function timed(act: string): string {
    return `new Promise((resolve) => {
      const start = performance.now();
      ${act};
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    })`;
  }

  function toTimedKey(key: string): string {
    return timed(`(document.activeElement ?? document.body).dispatchEvent(
      new KeyboardEvent('keydown', { key: '${key}', bubbles: true, cancelable: true }))`);
  }

  function toTimedScroll(share: number): string {
    return timed(`{
      const pane = document.querySelector('.rows').closest('.pane');
      pane.scrollTop = pane.scrollHeight * ${share};
    }`);
  }
});

describe('by keyboard alone', () => {
  test('a conversation is searched for and opened', async () => {
    const { page } = await open('');
    await page.locator('.line').first().waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('elif');
    await page.locator('.search-found a').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/conversations/**');

    expect(await page.locator('h1').innerText()).toBe('Elif Inkpen');
  });

  test('the failed conversation is reached, its reason read, and it is retried', async () => {
    const { page } = await open('');
    await page.locator('.line').first().waitFor();

    for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
    await page.locator('.letter-card').getByText(FAILURE.words).waitFor();
    await page.keyboard.press('r');
    await expect.poll(() => mock.posts).toHaveLength(1);

    expect(mock.posts).toMatchObject([{ path: '/redrives', body: { messageIds: [aLetter(2).messageId] } }]);
  });

  test('? shows the keys, Escape closes them, and the focus is always seen', async () => {
    const { page } = await open('');
    await page.locator('.line').first().waitFor();

    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    const outlines: string[] = [];
    for (let stop = 0; stop < 12; stop += 1) {
      await page.keyboard.press('Tab');
      outlines.push(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'));
    }

    expect(outlines).toEqual(outlines.map(() => expect.stringMatching(/solid|auto/)));
  });
});

describe('a redrive', () => {
  const entry = (index: number, state: 'queued' | 'record') => ({
    messageId: aLetter(index).messageId,
    session: aSession(index),
    state,
    dueMs: NOW_MS + 20_000,
    version: state === 'record' ? NOW_MS : null,
    sinceMs: null,
    words: null,
  });

  test('is started once, however fast one clicks', async () => {
    const { page } = await open(FAILED);
    await page.getByRole('button', { name: /^Retry/ }).waitFor();

    await page.evaluate(
      `{ const b = document.querySelector('[data-retry]'); b.click(); b.click(); b.click(); }`,
    );
    await expect.poll(() => mock.posts).toHaveLength(1);

    expect(mock.posts.filter(({ path }) => path === '/redrives')).toHaveLength(1);
  });

  test('says of each entry what becomes of it', async () => {
    const { page } = await open('/dead-letters', {
      redrives: [aRedrive([entry(2, 'queued'), entry(9, 'queued')])],
    });
    await waitForText(page, 'queued, due in 12 s');

    mock.send('redrive', aRedrive([entry(2, 'record'), entry(9, 'queued')]));
    await waitForText(page, 'new record: version');

    expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('1');
  });

  test('keeps its bar when the page is loaded again', async () => {
    const { page } = await open('/dead-letters', {
      redrives: [aRedrive([entry(2, 'record'), entry(9, 'queued')])],
    });
    await page.getByRole('progressbar').waitFor();

    await page.reload();
    await page.getByRole('progressbar').waitFor();

    expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('1');
  });

  test('of a deployed stage begins only once the queue’s name was typed', async () => {
    const overview = aDeployedOverview();
    const { page } = await open('/dead-letters', { overview });

    await page.getByRole('button', { name: 'Retry all 2' }).click();
    const yes = page.locator('dialog').getByRole('button', { name: 'Retry all 2' });
    const wasAble = await yes.isEnabled();
    await page.locator('dialog input').fill(overview.bar.confirm);
    await yes.click();
    await expect.poll(() => mock.posts).toHaveLength(1);

    expect(wasAble).toBe(false);
    expect(mock.posts).toMatchObject([
      { body: { code: FAILURE.code, ratePerSecond: 1, confirm: overview.bar.confirm } },
    ]);
  });
});

describe('the live list', () => {
  test('takes a new line in at the top', async () => {
    const { page } = await open('');
    await page.locator('.line').first().waitFor();

    mock.send('line', aLine(900, { name: 'Newest Visitor', atMs: NOW_MS + 5000 }));
    await waitForText(page, 'Newest Visitor');

    expect(await page.locator('.row[data-index="0"]').innerText()).toContain('Newest Visitor');
  });

  test('does not move under the pointer: what is newer is counted, and comes when the pointer leaves', async () => {
    const { page } = await open('');
    const first = page.locator('.row[data-index="0"]');
    await first.hover();

    mock.send('line', aLine(900, { name: 'Newest Visitor', atMs: NOW_MS + 5000 }));
    await waitForText(page, '1 newer');
    const under = await first.innerText();
    await page.mouse.move(2, 2);
    await waitForText(page, 'Newest Visitor');

    expect(under).toContain('Elif Inkpen');
    expect(await first.innerText()).toContain('Newest Visitor');
  });
});

describe('where something is missing', () => {
  test.each([
    ['', { lines: [] }, 'No hook has come yet'],
    ['/dead-letters', { letters: [], overview: { ...anOverview(), deadLetters: 0 } }, 'Nothing needs you'],
    ['/runs', { runs: [] }, 'No run yet'],
    ['/runs?outcome=held', {}, 'No run fits these filters'],
  ] as const)('at %s it says what to do', async (path, data, text) => {
    const { page } = await open(path, data);

    await waitForText(page, text);
  });

  test('an address that names nothing leads back', async () => {
    const { page } = await open('');

    await follow(page, '/nothing');

    await waitForText(page, 'There is nothing at this address');
  });

  test('a stage that cannot be read says which call failed', async () => {
    const overview = anOverview();
    const unread = ['sqs:GetQueueAttributes on crisp-enrich-prod-sessions.fifo was refused'];
    const { page } = await open('', { overview: { ...overview, bar: { ...overview.bar, unread } } });

    await waitForText(page, unread[0] ?? '');
  });

  test('dead letters that are counted and not seen yet are no empty queue, and come by themselves', async () => {
    const letters = mock.data.letters;
    const { page } = await open('/dead-letters', { letters: [] });
    await waitForText(page, '3 messages failed for good');
    expect(await page.locator('.dead-letters').innerText()).not.toContain('Nothing needs you');

    mock.data.letters = letters;
    await waitForText(page, 'Retry all 2');
  });

  test('a dead letter that is counted now is no empty queue, although the list is of a moment ago', async () => {
    const overview = { ...anOverview(), deadLetters: 0 };
    const { page } = await open('/dead-letters', { letters: [], overview });
    await waitForText(page, 'Nothing needs you');

    mock.send('overview', { ...overview, deadLetters: 1 });
    await waitForText(page, '1 message failed for good');

    expect(await page.locator('.dead-letters').innerText()).not.toContain('Nothing needs you');
    mock.data.letters = [aLetter(2)];
    await waitForText(page, '1 message waits for a decision');
  });

  test('a held queue says why, and when the breaker looks again', async () => {
    const overview = anOverview();
    const deliveries = {
      state: 'held',
      reason: 'crisp_auth_failed',
      sinceMs: NOW_MS,
      nextLookMs: NOW_MS + 50_000,
    } as const;
    const { page } = await open('', { overview: { ...overview, bar: { ...overview.bar, deliveries } } });

    await page.getByText('held').first().click();

    expect(await page.locator('.deliveries .popover').innerText()).toMatch(
      /Held by the breaker since 10:30:00: crisp_auth_failed.*looks again in 42 s/s,
    );
  });

  test('a server that stopped is said, and the page comes back by itself', async () => {
    const own = await startMockConsole();
    const watched = await openPage(browser, { nowMs: NOW_MS });
    onTestFinished(() => again.stop());
    await watched.page.goto(own.url);
    await watched.page.locator('.line').first().waitFor();

    await own.stop();
    await waitForText(watched.page, 'crisp-enrich does not answer');
    const kept = await watched.page.locator('.line').count();
    const again = await startMockConsole(own.data, Number(new URL(own.url).port));
    await watched.page.getByText('crisp-enrich does not answer').waitFor({ state: 'detached' });

    expect(kept).toBeGreaterThan(5);
  });
});
