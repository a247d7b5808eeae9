import { expect, test } from 'vitest';
import { aSession } from '../../support/builders.ts';
import { type CrashPoint, createCrashSchedule } from '../../support/crash-schedule.ts';
import { aLetter, createDeadLetterScene, letters } from '../../support/create-dead-letter-scene.ts';
import { untilSettled } from '../../support/until-settled.ts';

test('a dead letter becomes a full fetch in the current bucket, and is gone', async () => {
  const { queue, batches, redriveSelected, usual } = createDeadLetterScene();
  queue.bury(aLetter({ session: aSession('session_a') }));

  const report = await redriveSelected(usual);

  expect(report).toMatchObject({ moved: 1, failed: 0, ended: 'end' });
  expect(batches.sent.map(({ job }) => [job.sessionId, job.mode])).toEqual([['session_a', 'full']]);
  expect(batches.sent[0]?.job.bucketMs).toBe(1_790_856_000_000);
  expect(queue.ids()).toEqual([]);
});

test('what the sessions queue does not take stays a dead letter, and visible', async () => {
  const { queue, batches, redriveSelected, usual } = createDeadLetterScene();
  queue.bury(...letters(3));
  batches.refuse('session_1');

  const report = await redriveSelected(usual);

  expect(report).toMatchObject({ moved: 2, failed: 1 });
  expect(queue.visibleIds()).toHaveLength(1);
});

test('messages of one session become one', async () => {
  const { queue, batches, redriveSelected, usual, clock } = createDeadLetterScene();
  queue.bury(...Array.from({ length: 14 }, () => aLetter()));

  const report = await untilSettled(clock, redriveSelected(usual));

  expect(report).toMatchObject({ moved: 14, exhausted: 0 });
  expect(new Set(batches.sent.map(({ deduplicationId }) => deduplicationId)).size).toBe(1);
  expect(queue.ids()).toEqual([]);
});

test('however many messages of a session are redriven at once, it is one redrive', async () => {
  const { queue, redriveNotes, redriveSelected, usual, clock } = createDeadLetterScene();
  queue.bury(...Array.from({ length: 8 }, () => aLetter()));

  const report = await untilSettled(clock, redriveSelected({ ...usual, ratePerSecond: 1 }));

  expect(report).toMatchObject({ moved: 8, exhausted: 0 });
  expect(await redriveNotes.countSince(aSession(), 0)).toBe(1);
});

test('what does not match, or names no session, stays', async () => {
  const { queue, redriveSelected, usual } = createDeadLetterScene();
  const { websiteId } = aSession();
  queue.bury(aLetter(), aLetter({ messageId: 'unreadable', body: 'not a job' }));

  const filtered = await redriveSelected({ ...usual, filter: { messageIds: ['unreadable'] } });
  const rest = await redriveSelected({ ...usual, filter: { websiteId } });

  expect(filtered).toMatchObject({ moved: 0, unreadable: 1 });
  expect(rest).toMatchObject({ moved: 1, unreadable: 0 });
  expect(queue.visibleIds()).toEqual(['unreadable']);
});

test('a message that dies while the redrive runs is left alone, so the redrive ends', async () => {
  const { queue, batches, redriveSelected, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(3));
  // Each fails again at once, as poison does.
  batches.onSent(async ({ job }) => {
    await clock.advance(1000);
    queue.bury(aLetter({ messageId: `again-${job.sessionId}`, session: job }));
  });

  const report = await redriveSelected(usual);

  expect(report).toMatchObject({ moved: 3, arrived: 3, ended: 'end' });
  expect(queue.visibleIds()).toEqual(['again-session_0', 'again-session_1', 'again-session_2']);
});

test.each([1, 5, 20])('%d messages a second are moved, within a tenth', async (ratePerSecond) => {
  const { queue, redriveSelected, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(100));
  const startedMs = clock.nowMs();

  const report = await untilSettled(clock, redriveSelected({ ...usual, ratePerSecond }));

  const rate = report.moved / ((clock.nowMs() - startedMs) / 1000);
  expect(report.moved).toBe(100);
  expect(rate).toBeGreaterThan(ratePerSecond * 0.9);
  expect(rate).toBeLessThan(ratePerSecond * 1.12);
});

test('an interruption ends it between two steps: what was sent is gone, the rest is visible', async () => {
  const { queue, batches, redriveSelected, usual, clock, stop } = createDeadLetterScene();
  queue.bury(...letters(30));

  const work = redriveSelected({
    ...usual,
    ratePerSecond: 1,
    onProgress: ({ moved }) => moved === 3 && stop.abort(),
  });
  const report = await untilSettled(clock, work);

  expect(report).toMatchObject({ moved: 3, interrupted: 7, ended: 'interrupted' });
  expect(batches.sent).toHaveLength(3);
  expect(queue.visibleIds()).toHaveLength(27);
});

test('killed between any two steps, and run again, no dead letter is lost and all are moved', async () => {
  const calls = await countCalls();
  expect(calls).toBeGreaterThanOrEqual(4);
  for (const when of ['before', 'after'] as const) {
    for (let call = 1; call <= calls; call += 1) {
      const { queue, sent, outcome } = await crashAndRunAgain({ call, when });

      expect(outcome).toBe('crashed');
      expect(queue.ids()).toEqual([]);
      expect(sent).toEqual(['session_0', 'session_1', 'session_2']);
    }
  }
});

test('killed between send and delete, every message that is gone from here was sent', async () => {
  const calls = await countCalls();
  expect(calls).toBeGreaterThanOrEqual(4);
  for (const when of ['before', 'after'] as const) {
    for (let call = 1; call <= calls; call += 1) {
      const { goneAtCrash, sentAtCrash } = await crashAndRunAgain({ call, when });

      expect(goneAtCrash.filter((sessionId) => !sentAtCrash.includes(sessionId))).toEqual([]);
    }
  }
});

test('two redrives at once share the work, and lose nothing', async () => {
  const { queue, batches, redriveSelected, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(40));

  const both = Promise.all([
    redriveSelected({ ...usual, ratePerSecond: 10 }),
    redriveSelected({ ...usual, ratePerSecond: 10 }),
  ]);
  const [first, second] = await untilSettled(clock, both);

  expect(first.moved + second.moved).toBe(40);
  expect(new Set(batches.sent.map(({ job }) => job.sessionId)).size).toBe(40);
  expect(queue.ids()).toEqual([]);
});

test('a delete that fails leaves a duplicate behind, and says so', async () => {
  const { queue, batches, redriveSelected, usual } = createDeadLetterScene();
  queue.bury(...letters(2));
  queue.refuseDeletes();

  const report = await redriveSelected(usual);

  expect(report).toMatchObject({ moved: 0, duplicated: 2 });
  expect(batches.sent).toHaveLength(2);
  expect(queue.visibleIds()).toHaveLength(2);
});

async function countCalls(): Promise<number> {
  const schedule = createCrashSchedule();
  const { queue, redriveSelected, usual } = createDeadLetterScene({ wrap: schedule.wrap });
  queue.bury(...letters(3));
  await redriveSelected(usual);
  return schedule.calls;
}

/** A process that dies at a call of a port, its hidden messages coming back by time, and one that runs after it. */
async function crashAndRunAgain(point: CrashPoint) {
  const schedule = createCrashSchedule([point]);
  const { queue, batches, redriveSelected, usual, clock } = createDeadLetterScene({ wrap: schedule.wrap });
  queue.bury(...letters(3));
  const outcome = await redriveSelected(usual).then(
    () => 'done',
    () => 'crashed',
  );
  const goneAtCrash = [0, 1, 2].filter(
    (index) => !queue.bodies().some((body) => body.includes(`session_${index}`)),
  );
  const sentAtCrash = batches.sent.map(({ job }) => String(job.sessionId));
  await clock.advance(12 * 3600 * 1000);
  await redriveSelected(usual);
  const sent = [...new Set(batches.sent.map(({ job }) => job.sessionId))].sort();
  return { queue, sent, outcome, sentAtCrash, goneAtCrash: goneAtCrash.map((index) => `session_${index}`) };
}
