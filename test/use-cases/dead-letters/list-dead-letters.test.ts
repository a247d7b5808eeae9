import { expect, test } from 'vitest';
import type { Failure } from '../../../lib/core/retry/failure-note.ts';
import { aSession } from '../../support/builders.ts';
import { aLetter, createDeadLetterScene, letters } from '../../support/create-dead-letter-scene.ts';
import { aFailedRun, aRun } from '../../support/run-builders.ts';

const FORBIDDEN: Failure = { code: 'crisp_forbidden', detail: undefined, hint: 'grant it', status: 403 };
const permanently = { spendsAttempt: false, isPermanent: true, maxAttempts: 5, nowMs: 1_790_856_000_000 };

test('each dead letter is joined with what the ledger knows of its message', async () => {
  const { queue, failureNotes, runLog, list, usual } = createDeadLetterScene();
  const [noted, logged, unknown] = [
    aLetter(),
    aLetter({ session: aSession('session_b') }),
    aLetter({ body: 'x' }),
  ];
  queue.bury(noted, logged, unknown);
  await failureNotes.noteFailure(noted.messageId, FORBIDDEN, permanently);
  const { messageId } = logged;
  await runLog.record([
    aFailedRun({ session: aSession('session_b'), messageId, startedMs: 1, code: 'crisp_timeout' }),
    aFailedRun({ session: aSession('session_b'), messageId: 'another', startedMs: 2 }),
  ]);
  const reasons = new Map<string, string>();

  await list({ ...usual, onLetter: async (it) => void reasons.set(it.messageId, it.reason.code) });

  expect([...reasons]).toEqual([
    [noted.messageId, 'crisp_forbidden'],
    [messageId, 'crisp_timeout'],
    [unknown.messageId, 'malformed_message'],
  ]);
});

test('the runs of a message that nobody could read are found by the message', async () => {
  const { queue, runLog, list, usual } = createDeadLetterScene();
  const letter = aLetter({ body: 'not a job' });
  queue.bury(letter);
  const run = aFailedRun({
    session: undefined,
    messageId: letter.messageId,
    attempt: 1,
    code: 'malformed_message',
  });
  await runLog.record([run]);
  const attempts: number[] = [];

  await list({ ...usual, onLetter: async (it) => void attempts.push(it.attempts) });

  expect(attempts).toEqual([1]);
});

test('a message that was received and never tried is told from one whose reason was lost', async () => {
  const { queue, runLog, list, usual } = createDeadLetterScene();
  const [throttled, held] = [aLetter(), aLetter({ session: aSession('session_b') })];
  queue.bury(throttled, held);
  await runLog.record([
    aRun({ session: aSession('session_b'), messageId: held.messageId, outcome: 'held', attempt: 1 }),
  ]);

  const { groups } = await list(usual);

  expect(groups.map(({ code, count }) => [code, count])).toEqual([
    ['max_receives_unreported', 1],
    ['reason_unrecorded', 1],
  ]);
});

test('what does not match is looked at and not counted', async () => {
  const { queue, list, usual } = createDeadLetterScene();
  const { websiteId, sessionId } = aSession('session_3');
  queue.bury(...letters(12));

  const found = await list({ ...usual, filter: { websiteId, sessionId } });

  expect(found).toMatchObject({ seen: 12, matched: 1, unseen: { count: 0 } });
  expect(queue.ids()).toHaveLength(12);
});

test('the end of a dead letter’s time is told: retention from the move', async () => {
  const { queue, list, usual, clock } = createDeadLetterScene();
  const dayMs = 24 * 3600 * 1000;
  queue.bury(aLetter());
  await clock.advance(13 * dayMs);

  const { groups } = await list(usual);

  expect(groups[0]?.expiresMs).toBe(clock.nowMs() + dayMs);
});
