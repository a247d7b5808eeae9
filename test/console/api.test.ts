import { describe, expect, test, vi } from 'vitest';
import { readConversation } from '../../lib/console/conversation.ts';
import { listLetters, readDeadLetters, readLines, readRuns, search } from '../../lib/console/lists.ts';
import { readMeanings } from '../../lib/console/meanings.ts';
import { readOverview } from '../../lib/console/overview.ts';
import { type DeadLetter, toDeadLetter } from '../../lib/dead-letters/dead-letter.ts';
import { JOB_ERRORS, JobError } from '../../lib/errors.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { aFailedRun, aRun, aSession } from '../support/builders.ts';
import { aRecordOf, createConsoleScene, playFetch, playHooks } from '../support/console-scene.ts';
import { aLetter, letters } from '../support/dead-letter-scene.ts';

const FIRST = { after: undefined, limit: 50 };
const ALL_RUNS = { ...FIRST, outcome: undefined, code: undefined, session: undefined, sinceMs: undefined };

const DAY = {
  ...{ quota: 5000, liveShare: 0.5, used: 412, planned: 0, endsMs: 2_000_000_000_000, resetMinute: 0 },
  ...{ isLearned: false, refusedSinceMs: undefined },
  saved: { coalesced: 1000, covered: 30, superseded: 10, cached: 7 },
};

describe('the overview', () => {
  test('of local mode is live', async () => {
    const scene = createConsoleScene({ day: DAY, play: () => undefined });
    playHooks(scene, aSession(), { hooks: 6 });
    playFetch(scene, aSession());
    scene.queue.bury(...letters(3));
    const overview = await readOverview(await scene.open());

    expect(overview).toMatchObject({
      bar: {
        ...{ stage: 'local', isLocal: true, account: null, confirm: null, unread: [] },
        deliveries: { state: 'flowing', reason: null, sinceMs: null, nextLookMs: null },
        calls: { used: 412, quota: 5000, left: 4588, saved: 6 * 4 - 3 },
      },
      stations: [
        { name: 'hooks', lastMinute: 6, concern: { label: 'refused', count: 0 } },
        { name: 'queue', lastMinute: 1, concern: { label: 'waiting', count: 3 } },
        { name: 'fetch', lastMinute: 1, concern: { label: 'failing', count: 0 } },
        { name: 'archive', lastMinute: 1, concern: null },
        { name: 'records', lastMinute: 1, concern: { label: 'undelivered', count: 3 } },
      ],
      ...{ deadLetters: 3, isLive: true, asOfMs: scene.clock.nowMs(), canPlay: true },
    });
  });

  test('of a deployed stage is derived, and says how old it is', async () => {
    const scene = createConsoleScene({ isDeployed: true, day: DAY });
    const nowMs = scene.clock.nowMs();
    await scene.runLog.record([
      aRun({ startedMs: nowMs - 5000 }),
      // Handled together with the one above: one fetch.
      aRun({ startedMs: nowMs - 5000, messageId: 'message-2' }),
      aFailedRun({ startedMs: nowMs - 9000, requestId: 'request-2', session: aSession('session_b') }),
    ]);
    const context = await scene.open();
    const first = await readOverview(context);
    await scene.clock.advance(3000);
    const second = await readOverview(context);

    expect(first).toMatchObject({
      bar: {
        ...{
          stage: 'prod',
          isLocal: false,
          account: '123456789012',
          confirm: 'crisp-enrich-prod-sessions.fifo',
        },
        calls: { used: 412, saved: 1040 * 3 + 7 },
      },
      stations: [
        { name: 'hooks', lastMinute: null, minutes: [], concern: { count: null } },
        { name: 'queue', lastMinute: null },
        { name: 'fetch', lastMinute: 2, concern: { label: 'failing', count: 1 } },
        { name: 'archive', lastMinute: 1 },
        { name: 'records', lastMinute: 1 },
      ],
      savings: { calls: 412, callsOfALoop: 412 + 3127, coalesced: 3000, covered: 120, cached: 7 },
      ...{ isLive: false, asOfMs: nowMs, canPlay: false },
    });
    expect(second.asOfMs).toBe(nowMs);
  });

  const opening = {
    ...{ code: 'crisp_auth_failed', openedMs: 7, holdOffSeconds: 60, nextProbeMs: 99, failedProbes: 0 },
    ...{ route: undefined, session: undefined, closing: undefined },
  };
  const paused = { sinceMs: 5, reason: 'a migration' };
  const held = {
    state: 'held',
    reason: expect.stringMatching(/^crisp_auth_failed: /),
    sinceMs: 7,
    nextLookMs: 99,
  };
  test.each([
    [{ pause: paused }, { state: 'paused', ...paused }],
    [{ deliveries: 'changing' as const }, { state: 'changing' }],
    [{ deliveries: 'unknown' as const }, { state: 'unknown' }],
    [{ deliveries: 'off' as const, isOpen: true, opening }, held],
  ])('says why deliveries are as they are: %j', async (breaker, deliveries) => {
    const context = await createConsoleScene({ breaker }).open();
    expect((await readOverview(context)).bar.deliveries).toMatchObject(deliveries);
  });
});

describe('lines', () => {
  test('have the names and last messages of their records, once these were read', async () => {
    const scene = createConsoleScene();
    await scene.putRecord(
      aSession(),
      7,
      aRecordOf('Ada', 'Is my parcel lost?', `It is\nhere. ${'x'.repeat(500)}`),
    );
    playHooks(scene, aSession(), { hooks: 6 });
    playFetch(scene, aSession());
    playHooks(scene, aSession('session_anonymous'));
    const context = await scene.open();
    const unnamed = await readLines(context, FIRST);
    await context.faces.settled();
    const named = await readLines(context, FIRST);

    expect(unnamed.lines.map(({ name }) => name)).toEqual([null, null]);
    expect(named.lines).toMatchObject([
      { session: aSession('session_anonymous'), name: null, lastMessage: null },
      { session: aSession(), name: 'Ada', lastMessage: expect.stringMatching(/^It is here\. x{100,150}…$/) },
    ]);
    expect(context.takeNamed()).toEqual([aSession()]);
  });

  test.each([
    { meta: null, messages: null },
    { meta: { nickname: 7, email: {} }, messages: [null, 3, { type: 'event', content: { namespace: 'x' } }] },
    'nothing',
  ])('come without a name where a record has none: %j', async (record) => {
    const scene = createConsoleScene();
    await scene.putRecord(aSession(), 7, record as object);
    playHooks(scene, aSession());
    const context = await scene.open();
    await readLines(context, FIRST);
    await context.faces.settled();

    expect((await readLines(context, FIRST)).lines).toMatchObject([{ name: null, lastMessage: null }]);
  });

  test('of a deployed stage come from the run log', async () => {
    const scene = createConsoleScene({ isDeployed: true });
    await scene.runLog.record([
      aRun({ startedMs: 1000 }),
      aFailedRun({ startedMs: 2000, requestId: 'later' }),
    ]);

    expect(await readLines(await scene.open(), FIRST)).toEqual({
      lines: [
        {
          ...{ session: aSession(), name: null, lastMessage: null, hooks: null, fetches: 1, calls: 3 },
          ...{ durationMs: 250, outcome: 'failed', version: null, atMs: 2250 },
          failure: {
            code: 'bad_response:not_json',
            words: 'Bad response (text/html that looks like "aaa").',
          },
        },
      ],
      next: null,
    });
  });
});

test('a record that is newer than a name is read for it, a removal is not', async () => {
  const scene = createConsoleScene({ isDeployed: true });
  const nowMs = scene.clock.nowMs();
  await scene.runLog.record([aRun({ startedMs: nowMs })]);
  await scene.putRecord(aSession(), nowMs + 1, aRecordOf('Ada', 'Hello?'));
  const context = await scene.open();
  const readName = async () => {
    await context.runs.refresh();
    await readLines(context, FIRST);
    await context.faces.settled();
    const { lines } = await readLines(context, FIRST);
    return lines[0] && [lines[0].name, lines[0].lastMessage, lines[0].version];
  };
  expect(await readName()).toEqual(['Ada', 'Hello?', nowMs + 1]);

  await scene.clock.advance(10_000);
  await scene.runLog.record([aRun({ startedMs: nowMs + 9000 })]);
  await scene.putRecord(aSession(), nowMs + 9001, aRecordOf('Ada', 'Hello?', 'Nobody there?'));
  expect(await readName()).toEqual(['Ada', 'Nobody there?', nowMs + 9001]);

  await scene.clock.advance(10_000);
  await scene.runLog.record([aRun({ startedMs: nowMs + 19_000, outcome: 'removed' })]);
  expect(await readName()).toEqual(['Ada', 'Nobody there?', nowMs + 9001]);
});

test('a run log that cannot be read is named', async () => {
  const scene = createConsoleScene({
    isDeployed: true,
    change: ({ runHistory }) => ({
      runHistory: { ...runHistory, recent: () => Promise.reject(new JobError('ledger_failed')) },
    }),
  });

  expect((await readOverview(await scene.open())).bar.unread).toEqual(['runs: ledger_failed']);
});

describe('ten thousand of each', () => {
  test('are answered from memory, a page at a time, each once', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => aSession(`session_${index}`));
    const newest = many.map((session, index) => aRun({ startedMs: 2_000_000 - index, session }));
    const nothing = { count: 0, hidden: 0, hiddenUntilMs: undefined, hiddenSinceMs: undefined, waiting: 0 };
    const unseen = { ...nothing, waitingReason: undefined, fullGroups: [] };
    const scene = createConsoleScene({
      isDeployed: true,
      change: ({ runHistory, deadLetters }) => ({
        runHistory: { ...runHistory, recent: async ({ limit }) => newest.slice(0, limit) },
        deadLetters: {
          ...deadLetters,
          async list({ onLetter }) {
            for (const session of many)
              await onLetter?.({ ...aKnownLetter(session), receiptHandle: 'a handle' });
            const report = {
              startedMs: 0,
              totalAtStart: many.length,
              seen: many.length,
              ended: 'end' as const,
            };
            return { ...report, unseen, ledgerFailure: undefined, matched: many.length, groups: [] };
          },
        },
      }),
    });
    scene.queue.bury(aLetter());
    const context = await scene.open();
    await readRuns(context, ALL_RUNS);
    await readDeadLetters(context);
    const started = performance.now();
    const runs = await readRuns(context, ALL_RUNS);
    const lines = await readLines(context, FIRST);
    const dead = await readDeadLetters(context);
    const list = await listLetters(context, undefined, FIRST);
    const tookMs = performance.now() - started;

    expect([runs.runs.length, lines.lines.length, list.letters.length]).toEqual([50, 50, 50]);
    expect(dead).toMatchObject({ total: 10_000, isWhole: true, groups: [{ count: 10_000 }] });
    expect(tookMs).toBeLessThan(400); // Five answers, on a busy machine: each has 100 ms.

    const seen = new Set<string>();
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await readRuns(context, { ...ALL_RUNS, after: after || undefined, limit: 500 });
      for (const { session } of page.runs) seen.add(session?.sessionId ?? '');
      after = page.next ?? undefined;
    }
    expect(seen.size).toBe(10_000);
  });
});

describe('dead letters', () => {
  test('that come right after the queue was empty are seen at once', async () => {
    const scene = createConsoleScene();
    const context = await scene.open();
    const empty = await readDeadLetters(context);
    await scene.clock.advance(1000);
    scene.queue.bury(...letters(2));
    const filled = await readDeadLetters(context);

    expect(empty).toMatchObject({ total: 0, isWhole: true });
    expect(filled).toMatchObject({ total: 2, isWhole: true });
  });

  test('that are counted and not seen yet are said, until the next look is due', async () => {
    const scene = createConsoleScene({ isDeployed: true });
    const context = await scene.open();
    scene.queue.bury(aLetter());
    await readDeadLetters(context);
    await scene.clock.advance(10_000);
    scene.queue.bury(...letters(2));
    const early = await readDeadLetters(context);
    await scene.clock.advance(50_000);
    const late = await readDeadLetters(context);

    expect(early).toMatchObject({
      ...{ total: 1, isWhole: false },
      missing: 'SQS counts 3 messages, of which 1 was seen: the next look follows by itself.',
    });
    expect(late).toMatchObject({ total: 3, isWhole: true, missing: null });
    expect(scene.looks()).toBe(2);
  });
});

function aKnownLetter(session: SessionRef): DeadLetter {
  const evidence = { note: undefined, runs: [], isLedgerRead: true };
  const { messageId, body } = aLetter({ session });
  const received = { messageId, body, receiptHandle: '', receives: 20, sentMs: 1000 };
  return toDeadLetter(received, evidence, { retentionSeconds: 60 });
}

describe('runs', () => {
  test.each([
    [{ outcome: 'failed' }, ['b']],
    [{ code: 'bad_response' }, ['b']],
    [{ session: 'session_c' }, ['c']],
    [{ sinceMs: 2000 }, ['c', 'b']],
    [{ code: 'other' }, []],
    [{ after: '3000.1.c' }, ['b', 'a']],
    [{ limit: 1 }, ['c']],
  ])('are filtered by %j', async (query, expected) => {
    const scene = createConsoleScene();
    await scene.runLog.record([
      aRun({ messageId: 'a', startedMs: 1000 }),
      aFailedRun({ messageId: 'b', startedMs: 2000 }),
      aRun({ messageId: 'c', startedMs: 3000, session: aSession('session_c') }),
    ]);
    const { runs } = await readRuns(await scene.open(), { ...ALL_RUNS, ...query });

    expect(runs.map(({ messageId }) => messageId)).toEqual(expected);
  });

  test('that are noted late find their place', async () => {
    const scene = createConsoleScene();
    const nowMs = scene.clock.nowMs();
    const context = await scene.open();
    await scene.runLog.record([aRun({ messageId: 'early', startedMs: nowMs - 5000 })]);
    await readRuns(context, ALL_RUNS);
    await scene.runLog.record([aRun({ messageId: 'late', startedMs: nowMs - 60_000 })]);
    await scene.clock.advance(2000);
    await context.runs.refresh();

    const expected = ['early', 'late'];
    expect((await readRuns(context, ALL_RUNS)).runs.map(({ messageId }) => messageId)).toEqual(expected);
  });
});

describe('a conversation', () => {
  test('is its record, its versions and its story', async () => {
    const scene = createConsoleScene();
    const startedMs = scene.clock.nowMs();
    await scene.putRecord(aSession(), startedMs + 1, aRecordOf('Ada', 'Hello?'));
    playHooks(scene, aSession(), { hooks: 2, messageId: 'message-1' });
    await scene.runLog.record([aRun({ startedMs })]);
    scene.queue.bury(aLetter({ messageId: 'dead-1' }), aLetter({ session: aSession('session_other') }));
    const context = await scene.open();
    await context.letters.refresh();
    const conversation = await readConversation(context, aSession());

    expect(conversation).toMatchObject({
      session: aSession(),
      record: { meta: { nickname: 'Ada' } },
      deadLetters: [{ messageId: 'dead-1', state: 'dead' }],
      unread: [],
    });
    expect(conversation.timeline.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['hook', 'hook', 'fetched', 'announced', 'dead-lettered']),
    );
    expect(scene.looks()).toBe(1);
  });

  test('that nobody knows is not found', async () => {
    const context = await createConsoleScene().open();

    await expect(readConversation(context, aSession())).rejects.toMatchObject({
      code: 'conversation_missing',
    });
  });
});

test('the search finds an id, a nickname, an e-mail, and in the archive a whole id', async () => {
  const scene = createConsoleScene();
  await scene.putRecord(aSession('session_ada'), 7, aRecordOf('Ada', 'Hello?'));
  await scene.putRecord(aSession('session_archived'), 7, aRecordOf('Grace', 'Hello?'));
  playHooks(scene, aSession('session_ada'));
  const context = { ...(await scene.open()) };
  const operations = { ...context.operations, listKnownWebsites: async () => [aSession().websiteId] };
  await readLines(context, FIRST);
  await context.faces.settled();
  const find = async (text: string) =>
    (await search({ ...context, operations }, text)).sessions.map(({ name }) => name);

  expect(await find('ADA')).toEqual(['Ada']);
  expect(await find('ada@EXAMPLE')).toEqual(['Ada']);
  expect(await find('session_ad')).toEqual(['Ada']);
  expect(await find('session_archived')).toEqual(['Grace']);
  expect(await find('nobody')).toEqual([]);
  expect(await find(' ')).toEqual([]);
});

describe('over HTTP', () => {
  test.each([
    '/lines?limit=-1',
    '/lines?limit=1.5',
    '/lines?limit=x',
    '/runs?since=-1',
    '/runs?limit=',
    '/dead-letters/list?limit=-5',
  ])('%s is refused', async (path) => {
    const { get } = await createConsoleScene().serve();
    const answer = await get(path);

    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'invalid_request', status: 400 });
  });

  test.each(['/lines?limit=1000000000', '/runs?limit=1000000000', '/dead-letters/list?limit=0'])(
    '%s is clamped',
    async (path) => expect((await (await createConsoleScene().serve()).get(path)).status).toBe(200),
  );

  test('the record of a version is read by itself', async () => {
    const scene = createConsoleScene();
    await scene.putRecord(aSession(), 7, aRecordOf('Ada'));
    const { get } = await scene.serve();
    const { websiteId, sessionId } = aSession();
    const path = `/conversations/${websiteId}/${sessionId}/versions`;

    expect(await (await get(`${path}/7`)).json()).toMatchObject({ meta: { nickname: 'Ada' } });
    expect((await get(`${path}/8`)).status).toBe(404);
    expect((await get(`${path}/x`)).status).toBe(400);
    expect((await get(`/conversations/a/b`)).status).toBe(404);
  });

  test('a stage that cannot be reached is named, and asked again', async () => {
    const scene = createConsoleScene();
    const { get } = await scene.serve();
    vi.spyOn(scene.operations, 'readQueues').mockRejectedValueOnce(new Error('a secret'));

    expect(await (await get('/overview')).json()).toMatchObject({
      bar: { unread: ['unexpected:Error'], deliveries: { state: 'unknown' } },
    });
    await scene.clock.advance(5000);
    await get('/overview');
    expect(await (await get('/overview')).json()).toMatchObject({ bar: { unread: [] } });
  });

  test('a conversation is played where there is a simulator', async () => {
    const play = vi.fn();
    const withOne = await createConsoleScene({ play }).serve();
    const without = await createConsoleScene().serve();

    expect((await withOne.post('/play', {})).status).toBe(200);
    expect(play).toHaveBeenCalledTimes(1);
    expect((await without.post('/play', {})).status).toBe(409);
  });

  test('deliveries are paused for a reason, and resumed', async () => {
    const scene = createConsoleScene();
    const { post } = await scene.serve();

    expect((await post('/pause', { reason: ' ' })).status).toBe(400);
    expect(await (await post('/pause', { reason: 'a migration' })).json()).toMatchObject({
      state: 'flowing',
    });
    expect(scene.pauses).toEqual(['a migration']);
    expect((await post('/resume', {})).status).toBe(200);
  });

  test.each([
    ['/pause', { reason: 'a migration' }],
    ['/resume', {}],
    ['/redrives', { key: 'a-key-of-mine', all: true }],
  ])('%s of a deployed stage asks for the name of its queue', async (path, body) => {
    const scene = createConsoleScene({ isDeployed: true });
    const { post } = await scene.serve();
    const answers = await Promise.all([
      post(path, body),
      post(path, { ...body, confirm: 'crisp-enrich-other-sessions.fifo' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(await answers[0]?.json()).toMatchObject({ code: 'confirmation_missing' });
    expect(scene.pauses).toEqual([]);
    expect((await post(path, { ...body, confirm: 'crisp-enrich-prod-sessions.fifo' })).status).toBe(200);
  });

  test.each([
    {},
    { key: 'short', all: true },
    { key: 'a-key-of-mine' },
    { key: 'a-key-of-mine', all: true, code: 'crisp_error' },
    { key: 'a-key-of-mine', all: false },
    { key: 'a-key-of-mine', messageIds: [] },
    { key: 'a-key-of-mine', messageIds: ['<img onerror=1>'] },
    { key: 'a-key-of-mine', code: 'crisp_.*' },
    { key: 'a-key-of-mine', all: true, ratePerSecond: 0 },
    { key: 'a-key-of-mine', all: true, ratePerSecond: 501 },
  ])('a redrive of %j is refused', async (body) => {
    const { post, get } = await createConsoleScene().serve();
    const answer = await post('/redrives', body);

    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('img');
    expect(await (await get('/redrives')).json()).toEqual({ redrives: [] });
  });
});

test('every reason of a dead letter has a meaning and a remedy', async () => {
  const meanings = await readMeanings();
  const codes = [...Object.keys(JOB_ERRORS), 'reason_unrecorded', 'max_receives_unreported'];

  expect(codes.filter((code) => !meanings.get(code)?.meaning || !meanings.get(code)?.remedy)).toEqual([]);
  expect(meanings.get('crisp_forbidden')).toEqual({
    meaning: expect.stringMatching(/402 or 403\.$/),
    remedy: 'Grant the scope in the hint, redrive.',
  });
  expect(meanings.get('bad_encoding')).toEqual({
    meaning: 'Broken or unrequested compression.',
    remedy: 'It may have passed: redrive it.',
  });
});

test.each([
  ['too_many_removals', /gone at Crisp/],
  ['switch_absent', /mapping is gone/],
  ['unknown', /^Disabled by hand/],
])('the reason %s of a held queue has a meaning', async (code, meaning) => {
  expect((await readMeanings()).get(code)?.meaning).toMatch(meaning);
});
