import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatCallsLeft, formatProgress } from '../../lib/local/lines.ts';
import { openTerminal } from '../../lib/local/terminal.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import type { TelemetryEvent } from '../../lib/telemetry/events.ts';
import { aSession } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const SESSION = aSession('session_a');

function openScene() {
  const shown: string[] = [];
  const clock = createVirtualClock(Date.UTC(2026, 9, 1, 12));
  const terminal = openTerminal({ write: (text) => shown.push(text), clock });
  return { terminal, clock, shown, text: () => shown.join('') };
}

const EXAMPLE: EnrichedRecord = JSON.parse(
  readFileSync(new URL('../../docs/record.example.json', import.meta.url), 'utf8'),
);

const queued: TelemetryEvent = {
  name: 'session-enqueued',
  event: 'message:send',
  ...SESSION,
  mode: 'full',
  messageId: 'm1',
  bucketMs: 0,
};
const fetched: TelemetryEvent = {
  name: 'conversation-fetched',
  ...SESSION,
  messages: 8,
  mode: 'full',
  pages: 1,
  apiCalls: 3,
  durationMs: 40,
  terminatedBy: 'http_200',
  coversLatestMessage: true,
};
const emitted: TelemetryEvent = {
  name: 'record-emitted',
  ...SESSION,
  kind: 'conversation.enriched',
  version: 7,
  bytes: 2048,
  claimCheck: false,
};

test('a burst is shown with the one fetch that it became and the record that came of it', async () => {
  const { terminal, shown, text, clock } = openScene();
  terminal.showRecords(async (session, version) => {
    expect([session, version]).toEqual([SESSION, 7]);
    return EXAMPLE;
  });

  for (const event of [queued, queued, queued, fetched, emitted]) terminal.emit(event);
  await clock.advance(0);
  terminal.stop();

  expect(text()).toContain('one fetch for 3 hooks: 8 messages in 1 page, 3 requests, 40 ms');
  expect(
    shown
      .at(-1)
      ?.split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'Ada <ada@example.com>, resolved: 8 messages; 3 hooks, 3 calls to Crisp',
    'operator  It is out for delivery and arrives today.',
    'visitor   Thanks! 🎉',
    'operator  (event)',
    '',
  ]);
});

test('a failure says when it is tried again, and of the last one that it is', () => {
  const { terminal, text } = openScene();
  const failed = {
    ...{ name: 'job-failed' as const, ...SESSION, messageId: 'm1', attempt: 1, stage: 'fetch' as const },
    ...{ code: 'crisp_forbidden', status: 403, disposition: 'permanent' as const },
  };
  terminal.emit({ ...failed, decision: 'retry', delaySeconds: 30 });
  terminal.emit({ ...failed, decision: 'dead', delaySeconds: 0 });
  terminal.stop();

  expect(text()).toContain('crisp_forbidden: attempt 1, again in 30 s');
  expect(text()).toContain('crisp_forbidden: attempt 1, the last');
});

test('records are shown now and then only, and never without somebody who asked for it', async () => {
  const { terminal, shown, clock } = openScene();
  terminal.emit(emitted);
  await clock.advance(0);
  const unasked = shown.length;
  let reads = 0;
  terminal.showRecords(async () => {
    reads += 1;
    return undefined;
  });
  for (let record = 0; record < 5; record += 1) terminal.emit(emitted);
  await clock.advance(15_000);
  terminal.emit(emitted);
  terminal.stop();

  expect(unasked).toBe(1);
  expect(reads).toBe(2);
});

test('a fetch that found nothing new is one short line, counted in the totals', () => {
  const { terminal, shown } = openScene();

  terminal.emit(fetched);
  terminal.emit({ name: 'record-unchanged', ...SESSION, version: 7 });
  terminal.stop();

  expect(shown).toHaveLength(1);
  expect(shown[0]).toMatch(/^12:00:00 {2}same {3}session_a +nothing new, 3 requests\n$/);
  expect(terminal.traffic.totals()).toMatchObject({ conversationsFetched: 1, unchanged: 1 });
});

test('what a record quotes cannot move the cursor', async () => {
  const { terminal, text, clock } = openScene();
  const messages = [{ from: 'user', type: 'text', content: 'a\u001b[2Jb\n\u202ec' }];
  terminal.showRecords(async () => ({
    ...EXAMPLE,
    messages,
    meta: { ...EXAMPLE.meta, nickname: '\u001b]0;x' },
  }));

  terminal.emit(emitted);
  await clock.advance(0);
  terminal.stop();

  expect(text()).toContain('a\\u001b[2Jb \\u202ec');
  expect(text()).not.toContain('\u001b');
  expect(text()).not.toContain('\u202e');
});

test.each([
  ['Disabling', /hold {3}deliveries are switched off.*npx crisp-enrich status/],
  ['Enabling', /hold {3}deliveries are switched on again/],
] as const)('a mapping that is %s is a line', (state, line) => {
  const { terminal, text } = openScene();

  terminal.showMapping({ name: 'state-changed', state });
  terminal.stop();

  expect(text()).toMatch(line);
});

test('the totals name what is left of the day’s calls, as of the newest lease', () => {
  const { terminal } = openScene();
  const before = formatProgress(terminal.traffic.totals());

  for (const used of [20, 40]) terminal.emit({ name: 'quota-counted', used, quota: 5000 });
  terminal.stop();

  expect(before).not.toContain('calls');
  expect(formatProgress(terminal.traffic.totals())).toMatch(/; 4960 of 5000 calls left today$/);
  expect(formatCallsLeft({ used: 5003, quota: 5000 })).toBe('0 of 5000 calls left today');
  expect(formatCallsLeft({ used: 12, quota: 0 })).toBe('12 calls today');
});

test('the totals say what the official client would have asked for on every hook that was answered', () => {
  const { terminal } = openScene();

  for (const event of [queued, queued, fetched, fetched, queued, { ...fetched, messages: 41 }])
    terminal.emit(event);
  // Conversation, profile, page and an empty page, twice; then three pages. The second fetch answers no hook.
  expect(terminal.traffic.totals().loopRequests).toBe(4 + 4 + 6);
  expect(formatProgress(terminal.traffic.totals())).toContain('; on every event 14)');

  // A hook whose message the record already covers would have been one more read.
  terminal.emit({ ...queued, messageId: 'm2' });
  terminal.emit({ name: 'job-covered', ...SESSION, messageId: 'm2' });
  terminal.stop();

  expect(terminal.traffic.totals()).toMatchObject({ loopRequests: 14 + 6, covered: 1 });
  expect(terminal.traffic.savings()).toMatchObject({ callsOfALoop: 14 + 6 });
});
