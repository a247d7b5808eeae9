import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Run, RunOutcome } from '../../lib/core/run/run.ts';
import type { RunHistory, RunLog } from '../../lib/ports/run-log.ts';
import { aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';
import { aFailedRun, aFreshSession, aRun } from '../support/run-builders.ts';

const NOW_MS = 1_790_856_000_500;
const ALL = { limit: 1000 };

export interface RunLogUnderTest {
  readonly runLog: RunLog;
  readonly history: RunHistory;
}

/** What a run log must do; `create` gives it empty or shared, for each session and message is used once. */
export function describeRunLog(implementation: string, create: () => RunLogUnderTest): void {
  describe(`run log: ${implementation}`, () => {
    test('a run is read with all that was recorded of it, and nothing else', async () => {
      const { runLog, history } = create();
      const [plain, detailed] = [
        aRun({ session: aFreshSession() }),
        aFailedRun({ session: aFreshSession() }),
      ];

      await runLog.record([plain, detailed]);

      expect(await history.ofSession(expectSession(plain), ALL)).toEqual([plain]);
      expect(await history.ofSession(expectSession(detailed), ALL)).toEqual([detailed]);
    });

    test('the runs of a session come newest first, however they were recorded', async () => {
      const { runLog, history } = create();
      const session = aFreshSession();
      // Also of a clock that begins at none.
      const runs = [1, 60_000, 10, 9_000_000_000, 5 - NOW_MS].map((ms) =>
        aRun({ session, startedMs: NOW_MS + ms }),
      );

      for (const run of runs) await runLog.record([run]);

      const started = (await history.ofSession(session, ALL)).map(({ startedMs }) => startedMs - NOW_MS);
      expect(started).toEqual([9_000_000_000, 60_000, 10, 1, 5 - NOW_MS]);
    });

    test('no more runs are read than asked for, and those are the newest; more than a page holds, too', async () => {
      const { runLog, history } = create();
      const session = aFreshSession();
      const runs = Array.from({ length: 230 }, (_, at) => aRun({ session, startedMs: NOW_MS + at }));

      await runLog.record(runs);

      expect(await history.ofSession(session, { limit: 0 })).toEqual([]);
      expect(await history.ofSession(session, { limit: 2 })).toEqual([runs[229], runs[228]]);
      expect(await history.ofSession(session, { limit: 225 })).toEqual(runs.slice(5).reverse());
      expect(await history.ofSession(session, ALL)).toHaveLength(230);
    });

    test('messages of a session that were handled together, and receives of one message, are runs apart', async () => {
      const { runLog, history } = create();
      const session = aFreshSession();

      await runLog.record([
        aRun({ session, messageId: 'message-1' }),
        aRun({ session, messageId: 'message-2' }),
        aRun({ session, messageId: 'message-2', receiveCount: 2 }),
      ]);

      expect(await history.ofSession(session, ALL)).toHaveLength(3);
    });

    test('the same run again is still one', async () => {
      const { runLog, history } = create();
      const run = aFailedRun({ session: aFreshSession() });

      await runLog.record([run]);
      await runLog.record([run]);

      expect(await history.ofSession(expectSession(run), ALL)).toEqual([run]);
    });

    test('a session of the same name on another website has other runs', async () => {
      const { runLog, history } = create();
      const session = aFreshSession();

      await runLog.record([aRun({ session })]);

      expect(await history.ofSession(aSession(session.sessionId, OTHER_WEBSITE_ID), ALL)).toEqual([]);
    });

    test('a run without a session is found by its message, and under no session', async () => {
      const { runLog, history } = create();
      const { sessionId } = aFreshSession();
      const run = aFailedRun({ session: undefined, messageId: `unread-${sessionId}`, stage: 'decode' });

      await runLog.record([run]);

      expect(await history.ofUnreadMessage(run.messageId, ALL)).toEqual([run]);
      expect(await history.ofUnreadMessage('another', ALL)).toEqual([]);
    });

    test('a reason of any length is kept in 2 KB, and nothing in it is invisible', async () => {
      const { runLog, history } = create();
      const session = aFreshSession();

      await runLog.record([aFailedRun({ session, reason: `\u001b[2J\u202e${'é'.repeat(5000)}` })]);

      const [run] = await history.ofSession(session, ALL);
      expect(Buffer.byteLength(run?.reason ?? '')).toBeLessThanOrEqual(2048);
      expect(run?.reason).toMatch(/^\\u001b\[2J\\u202eé+…$/);
    });

    test('recording nothing is fine', async () => {
      await expect(create().runLog.record([])).resolves.toBeUndefined();
    });

    test('any run comes back as it was', async () => {
      const { runLog, history } = create();

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

const OUTCOMES: RunOutcome[] = [
  'emitted',
  'unchanged',
  'removed',
  'skipped',
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
