import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type SessionRef, toSessionKey } from '../../lib/ids.ts';
import { type BreakerNotes, type Opening, STREAK_CAP } from '../../lib/ledger/breaker-notes.ts';
import type { Run, RunHistory, RunLog, RunOutcome } from '../../lib/ledger/runs.ts';
import type { SessionNotes } from '../../lib/ledger/session-notes.ts';
import { aFailedRun, aFreshSession, aRun, aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';

const NOW_MS = 1_790_856_000_500;

const A = aSession('session_a');
const B = aSession('session_b');
const C = aSession('session_c');
const D = aSession('session_d');
const E = aSession('session_e');

const OPENING: Opening = {
  openedMs: NOW_MS,
  code: 'crisp_auth_failed',
  route: 'website/conversation',
  session: A,
  holdOffSeconds: 60,
  nextProbeMs: NOW_MS + 60_000,
  failedProbes: 0,
};

/** What all notes of the breaker must do; `create` gives them empty. */
export function describeBreakerNotes(implementation: string, create: () => Promise<BreakerNotes>): void {
  describe(`breaker notes: ${implementation}`, () => {
    let notes: BreakerNotes;

    beforeEach(async () => {
      notes = await create();
    });

    test('at first there is no opening, no pause and nothing in a row', async () => {
      expect(await notes.readOpening()).toBeUndefined();
      expect(await notes.readPause()).toBeUndefined();
      expect(await notes.readRow()).toEqual({
        failed: [],
        healthy: undefined,
        refuted: { sessions: [], atMs: 0 },
      });
    });

    test('an opening is read as it was noted, and its closing with it', async () => {
      await notes.noteOpening(OPENING, undefined);
      const open = await notes.readOpening();
      await notes.noteClosing(NOW_MS, { closedMs: NOW_MS + 5000, wasFalseAlarm: true });

      expect(open).toEqual({ ...OPENING, closing: undefined });
      expect(await notes.readOpening()).toEqual({
        ...OPENING,
        closing: { closedMs: NOW_MS + 5000, wasFalseAlarm: true },
      });
    });

    test('nothing of an opening is left in the next one', async () => {
      const bare: Opening = { ...OPENING, code: 'archive_failed', route: undefined, session: undefined };
      await notes.noteOpening(OPENING, undefined);
      await notes.noteClosing(NOW_MS, { closedMs: NOW_MS, wasFalseAlarm: true });

      await notes.noteOpening(bare, NOW_MS);

      expect(await notes.readOpening()).toEqual({ ...bare, closing: undefined });
    });

    test('a failed look changes when the next one comes, and opens nothing that was closed meanwhile', async () => {
      const next = { holdOffSeconds: 120, nextProbeMs: NOW_MS + 180_000, failedProbes: 1 };
      await notes.noteOpening(OPENING, undefined);
      await notes.noteClosing(NOW_MS, { closedMs: NOW_MS, wasFalseAlarm: false });

      await notes.noteFailedProbe(NOW_MS, next);

      expect(await notes.readOpening()).toEqual({
        ...OPENING,
        ...next,
        closing: { closedMs: NOW_MS, wasFalseAlarm: false },
      });
    });

    test('a closing without an opening is none', async () => {
      await notes.noteClosing(NOW_MS, { closedMs: NOW_MS, wasFalseAlarm: false });

      expect(await notes.readOpening()).toBeUndefined();
    });

    test('what is noted late of an opening changes nothing of the one that replaced it', async () => {
      const newer: Opening = { ...OPENING, openedMs: NOW_MS + 70_000, holdOffSeconds: 120 };
      await notes.noteOpening(OPENING, undefined);
      await notes.noteOpening(newer, NOW_MS);

      await notes.noteClosing(NOW_MS, { closedMs: NOW_MS + 70_001, wasFalseAlarm: false });
      await notes.noteFailedProbe(NOW_MS, { holdOffSeconds: 900, nextProbeMs: NOW_MS, failedProbes: 9 });

      expect(await notes.readOpening()).toEqual({ ...newer, closing: undefined });
    });

    test('of two openings at the same moment one is noted, and the other learns that it was not', async () => {
      const other: Opening = { ...OPENING, code: 'crisp_timeout', session: B };

      const first = [await notes.noteOpening(OPENING, undefined), await notes.noteOpening(other, undefined)];
      const newer: Opening = { ...OPENING, openedMs: NOW_MS + 70_000 };
      const second = [await notes.noteOpening(newer, NOW_MS), await notes.noteOpening(other, NOW_MS)];

      expect([first, second]).toEqual([
        [true, false],
        [true, false],
      ]);
      expect(await notes.readOpening()).toEqual({ ...newer, closing: undefined });
    });

    test('a refutation ends the row, adds up, and is over for a session that succeeds', async () => {
      await notes.noteFailure(A, NOW_MS);
      await notes.refute([A, B].map(toSessionKey), NOW_MS);
      await notes.refute([toSessionKey(C)], NOW_MS + 1000);
      const before = await notes.readRow();
      await notes.noteSuccess(B, NOW_MS + 2000);
      const after = await notes.readRow();

      expect(before.failed).toEqual([]);
      expect(before.refuted.atMs).toBe(NOW_MS + 1000);
      expect([...before.refuted.sessions].sort()).toEqual([A, B, C].map(toSessionKey));
      expect([...after.refuted.sessions].sort()).toEqual([A, C].map(toSessionKey));
    });

    test('after a trial the row stays, and the next success refutes those on trial but itself', async () => {
      await notes.noteFailure(A, NOW_MS);
      await notes.noteTrial([A, B, C].map(toSessionKey));
      const during = await notes.readRow();
      await notes.noteSuccess(C, NOW_MS + 1000);
      await notes.noteSuccess(D, NOW_MS + 2000);

      const { failed, healthy, refuted } = await notes.readRow();
      expect(during).toMatchObject({ failed: [toSessionKey(A)], refuted: { sessions: [] } });
      expect([failed, healthy, refuted.atMs]).toEqual([[], D, NOW_MS + 1000]);
      expect([...refuted.sessions].sort()).toEqual([A, B].map(toSessionKey));
    });

    test('a trial of one session that succeeds itself refutes nobody', async () => {
      await notes.noteTrial([toSessionKey(A)]);
      await notes.noteSuccess(A, NOW_MS);
      await notes.noteSuccess(B, NOW_MS);

      expect((await notes.readRow()).refuted.sessions).toEqual([]);
    });

    test('no more sessions are remembered than the cap, the newest first', async () => {
      const many = Array.from({ length: STREAK_CAP }, (_, n) => toSessionKey(aSession(`session_${n}`)));
      await notes.refute(many, NOW_MS);
      await notes.refute([toSessionKey(A)], NOW_MS);

      const { sessions } = (await notes.readRow()).refuted;
      expect(sessions).toHaveLength(STREAK_CAP);
      expect(sessions).toContain(toSessionKey(A));
    });

    test('a pause holds until it is taken back, which may be asked for twice', async () => {
      await notes.notePause({ sinceMs: NOW_MS, reason: 'the CRM is being moved' });
      const pause = await notes.readPause();
      await notes.clearPause();
      await notes.clearPause();

      expect(pause).toEqual({ sinceMs: NOW_MS, reason: 'the CRM is being moved' });
      expect(await notes.readPause()).toBeUndefined();
    });

    test('a streak has each session once, and the moment of its first failure', async () => {
      await notes.noteFailure(A, NOW_MS);
      await notes.noteFailure(A, NOW_MS + 1000);

      const streak = await notes.noteFailure(B, NOW_MS + 2000);

      expect(streak.firstMs).toBe(NOW_MS);
      expect([...streak.sessions].sort()).toEqual([A, B].map(toSessionKey));
      expect((await notes.readRow()).failed).toHaveLength(2);
    });

    test('failures at the same moment are all counted', async () => {
      const streaks = await Promise.all(
        [1, 2, 3].map((n) => notes.noteFailure(aSession(`session_${n}`), NOW_MS)),
      );

      expect(Math.max(...streaks.map(({ sessions }) => sessions.length))).toBe(3);
    });

    test('a success ends whatever is in a row, and is the healthy session from then on', async () => {
      await notes.noteFailure(A, NOW_MS);
      await notes.noteRemoval(B);

      await notes.noteSuccess(C, NOW_MS + 1000);

      expect(await notes.readRow()).toMatchObject({ failed: [], healthy: C });
      expect(await notes.noteFailure(D, NOW_MS + 2000)).toEqual({
        sessions: [toSessionKey(D)],
        firstMs: NOW_MS + 2000,
      });
      expect(await notes.noteRemoval(E)).toBe(1);
    });

    test('removals are counted by session', async () => {
      await notes.noteRemoval(A);
      await notes.noteRemoval(A);

      expect(await notes.noteRemoval(B)).toBe(2);
    });

    test('a cleared row keeps the healthy session', async () => {
      await notes.noteSuccess(A, NOW_MS);
      await notes.noteFailure(B, NOW_MS);
      await notes.noteRemoval(C);

      await notes.clearRow();

      expect(await notes.readRow()).toMatchObject({ failed: [], healthy: A });
      expect(await notes.noteRemoval(D)).toBe(1);
    });

    test('neither row grows beyond its cap, however long an outage lasts', async () => {
      for (let n = 0; n < STREAK_CAP + 3; n += 1) {
        await notes.noteFailure(aSession(`session_${n}`), NOW_MS);
        await notes.noteRemoval(aSession(`session_${n}`));
      }

      expect((await notes.noteFailure(aSession(`session_${99}`), NOW_MS)).sessions).toHaveLength(STREAK_CAP);
      expect(await notes.noteRemoval(aSession(`session_${99}`))).toBe(STREAK_CAP);
    });
  });
}

const ALL = { limit: 1000 };

interface RunLogUnderTest {
  readonly runLog: RunLog;
  readonly history: RunHistory;
}

/** What a run log must do; `create` gives it empty or shared, for each session and message is used once. */
export function describeRunLog(implementation: string, create: () => RunLogUnderTest): void {
  describe(`run log: ${implementation}`, () => {
    let { runLog, history } = {} as RunLogUnderTest;
    let session: SessionRef;

    beforeEach(() => {
      ({ runLog, history } = create());
      session = aFreshSession();
    });

    test('a run is read with all that was recorded of it, and nothing else', async () => {
      const [plain, detailed] = [
        aRun({ session: aFreshSession() }),
        aFailedRun({ session: aFreshSession() }),
      ];

      await runLog.record([plain, detailed]);

      expect(await history.ofSession(expectSession(plain), ALL)).toEqual([plain]);
      expect(await history.ofSession(expectSession(detailed), ALL)).toEqual([detailed]);
    });

    test('the runs of a session come newest first, however they were recorded', async () => {
      // Also of a clock that begins at none.
      const runs = [1, 60_000, 10, 9_000_000_000, 5 - NOW_MS].map((ms) =>
        aRun({ session, startedMs: NOW_MS + ms }),
      );

      for (const run of runs) await runLog.record([run]);

      const started = (await history.ofSession(session, ALL)).map(({ startedMs }) => startedMs - NOW_MS);
      expect(started).toEqual([9_000_000_000, 60_000, 10, 1, 5 - NOW_MS]);
    });

    test('no more runs are read than asked for, and those are the newest; more than a page holds, too', async () => {
      const runs = Array.from({ length: 230 }, (_, at) => aRun({ session, startedMs: NOW_MS + at }));

      await runLog.record(runs);

      expect(await history.ofSession(session, { limit: 0 })).toEqual([]);
      expect(await history.ofSession(session, { limit: 2 })).toEqual([runs[229], runs[228]]);
      expect(await history.ofSession(session, { limit: 225 })).toEqual(runs.slice(5).reverse());
      expect(await history.ofSession(session, ALL)).toHaveLength(230);
    });

    test('messages of a session that were handled together, and receives of one message, are runs apart', async () => {
      await runLog.record([
        aRun({ session, messageId: 'message-1' }),
        aRun({ session, messageId: 'message-2' }),
        aRun({ session, messageId: 'message-2', receiveCount: 2 }),
      ]);

      expect(await history.ofSession(session, ALL)).toHaveLength(3);
    });

    test('the same run again is still one', async () => {
      const run = aFailedRun({ session: aFreshSession() });

      await runLog.record([run]);
      await runLog.record([run]);

      expect(await history.ofSession(expectSession(run), ALL)).toEqual([run]);
    });

    test('a session of the same name on another website has other runs', async () => {
      await runLog.record([aRun({ session })]);

      expect(await history.ofSession(aSession(session.sessionId, OTHER_WEBSITE_ID), ALL)).toEqual([]);
    });

    test('a run without a session is found by its message, and under no session', async () => {
      const { sessionId } = aFreshSession();
      const run = aFailedRun({ session: undefined, messageId: `unread-${sessionId}`, stage: 'decode' });

      await runLog.record([run]);

      expect(await history.ofUnreadMessage(run.messageId, ALL)).toEqual([run]);
      expect(await history.ofUnreadMessage('another', ALL)).toEqual([]);
    });

    test('a reason of any length is kept in 2 KB, and nothing in it is invisible', async () => {
      await runLog.record([aFailedRun({ session, reason: `\u001b[2J\u202e${'é'.repeat(5000)}` })]);

      const [run] = await history.ofSession(session, ALL);
      expect(Buffer.byteLength(run?.reason ?? '')).toBeLessThanOrEqual(2048);
      expect(run?.reason).toMatch(/^\\u001b\[2J\\u202eé+…$/);
    });

    test('recording nothing is fine', async () => {
      await expect(runLog.record([])).resolves.toBeUndefined();
    });

    test('any run comes back as it was', async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (run) => {
          const kept = { ...run, session: aFreshSession() };

          await runLog.record([kept]);

          expect(await history.ofSession(kept.session, ALL)).toEqual([kept]);
        }),
        { numRuns: 50 },
      );
    });
  });
}

/** What all notes about sessions must do; `create` gives them with the log of the same runs. */
export function describeSessionNotes(
  implementation: string,
  create: () => { readonly notes: SessionNotes; readonly runLog: RunLog },
): void {
  describe(`session notes: ${implementation}`, () => {
    // As SQS numbers are: more than a number of JavaScript's holds exactly.
    const FIRST = 18_849_496_460_467_696_128n;
    const SENT = { mode: 'incremental', sequenceNumber: FIRST, notBeforeMs: NOW_MS } as const;

    test('of a session that nobody has noted nothing is known', async () => {
      expect(await create().notes.readActivity(aFreshSession())).toEqual({ sent: [], runs: [] });
    });

    test('the newest message of each mode is read back, in whatever order they were noted', async () => {
      const { notes } = create();
      const [session, other] = [aFreshSession(), aFreshSession()];
      const newest = { ...SENT, sequenceNumber: FIRST + 1n, notBeforeMs: NOW_MS + 60_000 };
      const full = { ...SENT, mode: 'full' } as const;

      for (const sent of [newest, SENT, full]) await notes.noteSent(session, sent, NOW_MS);
      await notes.noteSent(other, { ...SENT, sequenceNumber: FIRST + 9n }, NOW_MS);

      expect((await notes.readActivity(session)).sent).toEqual([newest, full]);
    });

    test('its runs come with them, newest first', async () => {
      const { notes, runLog } = create();
      const session = aFreshSession();
      const [first, second] = [
        aRun({ session }),
        aRun({ session, startedMs: NOW_MS + 1, outcome: 'covered' }),
      ];
      await notes.noteSent(session, SENT, NOW_MS);
      await runLog.record([first, second]);

      expect(await notes.readActivity(session)).toEqual({ sent: [SENT], runs: [second, first] });
    });
  });
}

const OUTCOMES: RunOutcome[] = [
  'emitted',
  'unchanged',
  'removed',
  'skipped',
  'covered',
  'superseded',
  'deferred',
  'held',
  'failed',
  'dead',
];
const count = fc.nat({ max: 2 ** 31 - 1 });
// What can be shown: anything else is escaped once, when it is recorded.
const reason = fc
  .string({ unit: 'grapheme', maxLength: 80 })
  .filter((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text));

const anyRun: fc.Arbitrary<Omit<Run, 'session'>> = fc.record(
  {
    messageId: fc.uuid(),
    requestId: fc.uuid(),
    startedMs: fc.nat({ max: 9_999_999_999_999 }),
    durationMs: count,
    receiveCount: count,
    attempt: count,
    outcome: fc.constantFrom(...OUTCOMES),
    apiCalls: count,
    stage: fc.constantFrom('decode', 'fetch', 'archive', 'announce', 'ledger', 'run'),
    code: fc.stringMatching(/^[a-z_]{1,40}(:[a-z0-9_]{1,40})?$/),
    status: fc.integer({ min: 100, max: 599 }),
    reason,
    delaySeconds: count,
  },
  {
    requiredKeys: [
      'messageId',
      'requestId',
      'startedMs',
      'durationMs',
      'receiveCount',
      'attempt',
      'outcome',
      'apiCalls',
    ],
  },
);

function expectSession({ session }: Run) {
  if (session === undefined) throw new Error('a run without a session');
  return session;
}
