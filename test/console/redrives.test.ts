import { describe, expect, test } from 'vitest';
import { listLetters, readDeadLetters } from '../../lib/console/lists.ts';
import type { SessionRef } from '../../lib/ids.ts';
import type { Run } from '../../lib/ledger/runs.ts';
import { aFailedRun, aRun, aSession } from '../support/builders.ts';
import { aRecordOf, createConsoleScene } from '../support/console-scene.ts';
import { aLetter, letters } from '../support/dead-letter-scene.ts';

const CAUSE = { detail: undefined, hint: undefined, status: undefined };
const FIRST = { after: undefined, limit: 50 };

type Scene = ReturnType<typeof createConsoleScene>;

const KEY = { key: 'a-key-of-mine' };

/** Whoever redrives has looked before. */
async function openWith(scene: Scene, ...buried: ReturnType<typeof aLetter>[]) {
  scene.queue.bury(...buried);
  const context = await scene.open();
  await readDeadLetters(context);
  return context;
}

/** The same, and then redrives; what has come of it after a second. */
async function redriven(scene: Scene, buried: ReturnType<typeof aLetter>[], request: object = { all: true }) {
  const context = await openWith(scene, ...buried);
  const { id } = context.redrives.start({ ...KEY, ...request } as Parameters<
    typeof context.redrives.start
  >[0]);
  await scene.clock.advance(1000);
  return { context, view: () => context.redrives.get(id) };
}

/** The run of the message that was sent for a session. */
async function runOf(scene: Scene, session: SessionRef, run: Partial<Run>): Promise<void> {
  const results = scene.batches.sent.map((job, index) => ({ job, messageId: `sent-${index + 1}` }));
  const sent = results.findLast(({ job }) => job.job.sessionId === session.sessionId);
  await scene.runLog.record([
    aRun({
      session,
      messageId: sent?.messageId ?? '',
      startedMs: scene.clock.nowMs(),
      requestId: 'redriven',
      ...run,
    }),
  ]);
  await scene.clock.advance(3000);
}

describe('a redriven letter', () => {
  test('is queued until a moment, and then a record of a version', async () => {
    const scene = createConsoleScene();
    const context = await openWith(scene, aLetter({ messageId: 'dead-1' }));
    const { id } = context.redrives.start({ ...KEY, messageIds: ['dead-1'] });
    expect(context.redrives.get(id)).toMatchObject({ total: 1, moved: 0, endedMs: null, label: '1 message' });
    await scene.clock.advance(1000);
    const queued = context.redrives.get(id);
    await scene.putRecord(aSession(), scene.clock.nowMs(), aRecordOf('Ada'));
    const version = scene.clock.nowMs();
    await runOf(scene, aSession(), { outcome: 'emitted' });

    expect(queued).toMatchObject({ moved: 1, endedMs: null, entries: [{ state: 'queued', version: null }] });
    expect(queued?.entries[0]?.dueMs).toBeGreaterThan(scene.clock.nowMs());
    expect(context.redrives.get(id)).toMatchObject({
      endedMs: expect.any(Number),
      entries: [{ messageId: 'dead-1', session: aSession(), state: 'record', version }],
      counts: { waiting: 0, queued: 0, record: 1 },
    });
  });

  test.each([
    [{ outcome: 'unchanged' as const }, { state: 'unchanged', version: 7, sinceMs: 7 }],
    [{ outcome: 'covered' as const }, { state: 'covered', words: expect.stringContaining('announced last') }],
    [
      { outcome: 'superseded' as const },
      { state: 'covered', words: expect.stringContaining('later message') },
    ],
    [{ outcome: 'removed' as const }, { state: 'record', words: 'Announced as removed.' }],
    [
      { ...aFailedRun(), session: aSession() },
      {
        state: 'failed',
        words: 'bad_response:not_json: text/html that looks like "aaa"',
        dueMs: expect.any(Number),
      },
    ],
    [
      { outcome: 'dead' as const, code: 'crisp_forbidden' },
      { state: 'failed', words: 'crisp_forbidden', dueMs: null },
    ],
    [
      { outcome: 'held' as const, code: 'breaker_open', delaySeconds: 30 },
      { state: 'queued', words: 'breaker_open' },
    ],
  ])(
    'comes to what its run comes to: %j',
    async ({ messageId: _id, startedMs: _at, ...run }: Partial<Run>, entry) => {
      const scene = createConsoleScene();
      await scene.putRecord(aSession(), 7, aRecordOf('Ada'));
      const { view } = await redriven(scene, [aLetter()]);
      await runOf(scene, aSession(), run);

      expect(view()?.entries).toMatchObject([entry]);
    },
  );

  test('that is not there any more is gone', async () => {
    const { view } = await redriven(createConsoleScene(), [aLetter()], { messageIds: ['another'] });

    expect(view()).toMatchObject({
      endedMs: expect.any(Number),
      moved: 0,
      entries: [{ messageId: 'another', state: 'gone' }],
    });
  });

  test('stays where it was redriven too often, and where it names no session', async () => {
    const scene = createConsoleScene();
    const session = aSession('session_often');
    for (let times = 0; times < 3; times += 1) await scene.redriveNotes.note(session, scene.clock.nowMs());
    const nameless = { ...aLetter({ messageId: 'nameless' }), body: '{}' };
    const { context, view } = await redriven(scene, [aLetter({ session, messageId: 'often' }), nameless]);

    const { entries = [], counts } = view() ?? {};
    expect(counts).toMatchObject({ kept: 2, waiting: 0 });
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          messageId: 'often',
          words: expect.stringContaining('3 times within 24 hours'),
        }),
        expect.objectContaining({
          messageId: 'nameless',
          words: expect.stringContaining('names no session'),
        }),
      ]),
    );
    expect((await readDeadLetters(context)).total).toBe(2);
  });

  test('leaves the list, and nobody looks for it', async () => {
    const scene = createConsoleScene();
    const context = await openWith(scene, ...letters(3));
    context.redrives.start({ ...KEY, messageIds: [scene.queue.ids()[0] ?? ''] });
    await scene.clock.advance(1000);

    expect((await listLetters(context, undefined, FIRST)).letters).toHaveLength(2);
    expect(scene.looks()).toBe(1);
  });
});

describe('a redrive', () => {
  test('is one, however often its key is sent', async () => {
    const scene = createConsoleScene();
    const context = await openWith(scene, ...letters(5));
    const first = context.redrives.start({ ...KEY, all: true });
    const second = context.redrives.start({ ...KEY, all: true });
    await scene.clock.advance(5000);

    expect(second.id).toBe(first.id);
    expect(context.redrives.list()).toMatchObject([{ total: 5, moved: 5 }]);
    expect(scene.batches.sent).toHaveLength(5);
    const other = () => context.redrives.start({ ...KEY, code: 'crisp_error' });
    expect(other).toThrow('another request');
  });

  test('of a reason leaves the others alone', async () => {
    const scene = createConsoleScene();
    const [a, b] = [aLetter({ session: aSession('session_a') }), aLetter({ session: aSession('session_b') })];
    const weight = { spendsAttempt: true, isPermanent: false, maxAttempts: 5, nowMs: scene.clock.nowMs() };
    await scene.failureNotes.noteFailure(a.messageId, { ...CAUSE, code: 'crisp_error' }, weight);
    const { view } = await redriven(scene, [a, b], { code: 'crisp_error' });

    expect(view()).toMatchObject({ label: 'crisp_error (1 message)', total: 1, moved: 1 });
    expect(scene.queue.ids()).toEqual([b.messageId]);
  });

  test('keeps to its rate, and says how far it has come', async () => {
    const scene = createConsoleScene();
    const context = await openWith(scene, ...letters(20));
    const { id } = context.redrives.start({ ...KEY, all: true, ratePerSecond: 2 });
    await scene.clock.advance(4100);

    expect(context.redrives.get(id)).toMatchObject({ total: 20, moved: 10, endedMs: null });
    expect(context.redrives.takeChanged()).toMatchObject([{ id, moved: 10 }]);
    expect(context.redrives.takeChanged()).toEqual([]);
    expect((await listLetters(context, undefined, FIRST)).letters.map(({ state }) => state)).toEqual(
      new Array(10).fill('redriving'),
    );
  });

  test('is a record without its version where the archive is away', async () => {
    const archive = () => Promise.reject(new Error('away'));
    const scene = createConsoleScene({ change: () => ({ archive }) });
    const { view } = await redriven(scene, [aLetter({ messageId: 'dead-1' })], { messageIds: ['dead-1'] });
    await runOf(scene, aSession(), { outcome: 'emitted' });

    expect(view()).toMatchObject({ entries: [{ state: 'record', version: null }] });
  });

  test('that SQS refuses says why', async () => {
    const scene = createConsoleScene({
      change: ({ deadLetters }) => ({
        deadLetters: { ...deadLetters, redrive: () => Promise.reject(new Error('a secret')) },
      }),
    });
    const { view } = await redriven(scene, [aLetter()]);

    const expected = { problem: 'unexpected:Error', entries: [{ state: 'kept', words: 'unexpected:Error' }] };
    expect(view()).toMatchObject(expected);
  });
});

describe('looks at the dead-letter queue', () => {
  test('are none while SQS counts nothing, and one as long as its count stays', async () => {
    const scene = createConsoleScene();
    const context = await scene.open();
    expect(await readDeadLetters(context)).toMatchObject({ total: 0, isWhole: true, groups: [] });
    expect(scene.looks()).toBe(0);

    scene.queue.bury(...letters(3));
    for (let looks = 0; looks < 10; looks += 1) {
      await scene.clock.advance(6000);
      expect(await readDeadLetters(context)).toMatchObject({ total: 3, isWhole: true });
    }
    expect(scene.looks()).toBe(1);
    scene.queue.bury(aLetter());
    await readDeadLetters(context);
    expect(scene.looks()).toBe(1);
    await scene.clock.advance(6000);
    expect(await readDeadLetters(context)).toMatchObject({ total: 4 });
    expect(scene.looks()).toBe(2);
    expect(scene.queue.visibleIds()).toHaveLength(4);
  });

  test('that did not see all say so', async () => {
    const scene = createConsoleScene();
    scene.queue.bury(...letters(3));
    await scene.queue.receive(600);
    scene.queue.bury(
      ...letters(2).map((letter) => ({ ...letter, messageId: `${letter.messageId}-b`, group: 'b' })),
    );
    const context = await scene.open();

    expect(await readDeadLetters(context)).toMatchObject({
      total: 2,
      isWhole: false,
      missing: expect.stringMatching(
        /^About 3 messages could not be seen: another look or redrive hides them/,
      ),
    });
  });

  test('group by reason, with what it means and what to do', async () => {
    const scene = createConsoleScene();
    const nameless = { ...aLetter(), body: '{}' };
    const weight = { spendsAttempt: true, isPermanent: true, maxAttempts: 5, nowMs: scene.clock.nowMs() };
    const forbidden = aLetter();
    await scene.failureNotes.noteFailure(forbidden.messageId, { ...CAUSE, code: 'crisp_forbidden' }, weight);
    const context = await openWith(scene, forbidden, nameless);
    const { groups } = await readDeadLetters(context);

    expect(groups).toContainEqual({
      code: 'crisp_forbidden',
      meaning: expect.stringMatching(/402 or 403\.$/),
      remedy: 'Grant the scope in the hint, redrive.',
      count: 1,
      oldestMs: scene.clock.nowMs(),
      firstExpiryMs: scene.clock.nowMs() + 14 * 86_400_000,
      canRedrive: true,
    });
    expect(groups.map(({ canRedrive }) => canRedrive).sort()).toEqual([false, true]);
  });
});
