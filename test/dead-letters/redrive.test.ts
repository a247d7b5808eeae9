import { describe, expect, test } from 'vitest';
import { JobError, OperationError } from '../../lib/errors.ts';
import { aSession } from '../support/builders.ts';
import {
  aLetter,
  createDeadLetterScene,
  type DeadLetterScene,
  letters,
} from '../support/dead-letter-scene.ts';
import { type CrashPoint, createCrashSchedule, untilSettled } from '../support/virtual-clock.ts';

test('what matches is gone, and the rest is visible again', async () => {
  const { queue, drop, usual } = createDeadLetterScene({ dead: 12 });
  const { sessionId } = aSession('session_3');

  expect(await drop({ ...usual, filter: { sessionId } })).toMatchObject({ dropped: 1, failed: 0 });
  expect(queue.ids()).toHaveLength(11);
  expect(queue.visibleIds()).toHaveLength(11);
});

test('what died after the drop began is left: nobody can have meant it', async () => {
  const { queue, drop, usual, clock } = createDeadLetterScene();
  queue.bury(aLetter(), aLetter({ messageId: 'later', sentMs: clock.nowMs() + 1 }));
  expect(await drop(usual)).toMatchObject({ dropped: 1, arrived: 1 });
  expect(queue.ids()).toEqual(['later']);
});

test('what SQS does not delete is counted as left', async () => {
  const { queue, drop, usual } = createDeadLetterScene({ dead: 2 });
  queue.refuseDeletes();
  expect(await drop(usual)).toMatchObject({ dropped: 0, failed: 2 });
  expect(queue.visibleIds()).toHaveLength(2);
});

/** Dead letters whose redrives take the usual options, and run in virtual time. */
function aScene(options: Parameters<typeof createDeadLetterScene>[0] = {}) {
  const scene = createDeadLetterScene(options);
  const { clock, usual, deadLetters, redriveSelected } = scene;
  type Redrive = Partial<Parameters<typeof deadLetters.redrive>[0]>;
  type Selected = Partial<Parameters<typeof redriveSelected>[0]>;
  return {
    ...scene,
    redrive: (some: Redrive = {}) => untilSettled(clock, deadLetters.redrive({ ...usual, ...some })),
    selected: (some: Selected = {}) => untilSettled(clock, redriveSelected({ ...usual, ...some })),
  };
}

describe('redrive dead letters', () => {
  const DAY_MS = 24 * 3600 * 1000;

  test('the whole queue is left to SQS, at the rate that was asked for', async () => {
    const { queue, moveTasks, batches, redrive } = aScene();
    queue.bury(...letters(5), aLetter({ body: 'not a job' }));

    const result = await redrive({ ratePerSecond: 7 });

    expect(result).toMatchObject({ by: 'move-task', moved: 6, left: 0, arrived: 0, wasCancelled: false });
    expect(moveTasks.rates).toEqual([7]);
    expect(batches.sent).toEqual([]);
  });

  test('with a filter the messages are enqueued one by one', async () => {
    const { queue, moveTasks, redrive } = aScene({ dead: 5 });
    const { sessionId } = aSession('session_2');

    expect(await redrive({ filter: { sessionId } })).toMatchObject({ by: 'enqueue', moved: 1 });
    expect(moveTasks.rates).toEqual([]);
    expect(queue.ids()).toHaveLength(4);
  });

  test('a look at what would be moved moves nothing', async () => {
    const { queue, batches, deadLetters, usual } = aScene();
    queue.bury(...letters(5), aLetter({ session: aSession('session_0') }), aLetter({ body: 'x' }));

    const survey = await deadLetters.preview(usual);

    expect(survey).toMatchObject({ matched: 7, unreadable: 1, exhausted: 0 });
    expect(survey.sessions).toHaveLength(5);
    expect(queue.visibleIds()).toHaveLength(7);
    expect(batches.sent).toEqual([]);
  });

  test('an empty queue starts no redrive', async () => {
    const { moveTasks, redrive } = aScene();
    expect(await redrive()).toMatchObject({ by: 'nothing', matched: 0 });
    expect(moveTasks.rates).toEqual([]);
  });

  test('a session that dies again after each redrive stays after the third within a day, and goes again the day after', async () => {
    const { queue, batches, clock, redrive } = aScene();
    const poison = aSession('session_poison');
    const moved: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      if (queue.ids().length === 0) queue.bury(aLetter({ session: poison }));
      const result = await redrive({ filter: { websiteId: poison.websiteId } });
      if (result.by === 'enqueue') moved.push(result.moved);
      await clock.advance(3600 * 1000);
    }
    await clock.advance(DAY_MS);
    const nextDay = await redrive({ filter: poison });

    expect(moved).toEqual([1, 1, 1, 0, 0]);
    expect(nextDay).toMatchObject({ moved: 1, exhausted: 0 });
    expect(batches.sent).toHaveLength(4);
  });

  test('redrives by SQS count, too: then the poison stays, and the others go one by one', async () => {
    const { queue, moveTasks, batches, redrive } = aScene();
    const poison = aSession('session_poison');
    for (let round = 0; round < 3; round += 1) {
      queue.bury(aLetter({ session: poison }));
      await redrive();
    }
    queue.bury(aLetter({ session: poison }), ...letters(4));

    const result = await redrive();

    expect(moveTasks.rates).toHaveLength(3);
    expect(result).toMatchObject({ by: 'enqueue', moved: 4, exhausted: 1 });
    expect(batches.sent.map(({ job }) => job.sessionId)).not.toContain('session_poison');
  });

  test('a whole queue that the spare calls of the day allow goes by SQS, and is planned', async () => {
    const { moveTasks, spare, redrive } = aScene({ dead: 10 });
    spare.calls = 31;

    expect(await redrive()).toMatchObject({ by: 'move-task', moved: 10 });
    expect(moveTasks.rates).toHaveLength(1);
    expect(spare.calls).toBe(1);
  });

  test('what live events need of the day stays theirs: as many go as there are spare calls, and the rest later', async () => {
    const { moveTasks, batches, spare, redrive } = aScene({ dead: 30 });
    spare.calls = 15 * 3 + 2;

    const first = await redrive();
    spare.calls = 1000;
    const later = await redrive();

    expect(first).toMatchObject({ by: 'enqueue', moved: 15, postponed: 15 });
    expect(batches.sent).toHaveLength(15);
    expect(later).toMatchObject({ by: 'move-task', moved: 15 });
    expect(moveTasks.rates).toHaveLength(1);
  });

  test('the letters of one session share a fetch, and its calls', async () => {
    const { queue, spare, redrive } = aScene();
    queue.bury(...Array.from({ length: 4 }, () => aLetter({ session: aSession('session_a') })));
    spare.calls = 3;
    expect(await redrive({ filter: aSession('session_a') })).toMatchObject({ moved: 4, postponed: 0 });
  });

  test('without the ledger nothing is postponed', async () => {
    const { queue, context, redrive } = aScene();
    const away = async () => Promise.reject(new JobError('ledger_failed'));
    Object.assign(context.quota, { plan: away, read: away });
    queue.bury(...letters(3));

    expect(await redrive()).toMatchObject({ moved: 3 });
  });

  test('the cap can be raised', async () => {
    const { queue, redriveNotes, clock, redrive } = aScene();
    const poison = aSession('session_poison');
    for (let count = 0; count < 3; count += 1) await redriveNotes.note(poison, clock.nowMs());
    queue.bury(aLetter({ session: poison }));

    expect(await redrive({ filter: poison, maxRedrives: 4 })).toMatchObject({ moved: 1, exhausted: 0 });
  });

  test('a ledger that is away stops no redrive, and is told', async () => {
    const failure = new Error('away');
    const { queue, redriveNotes, redrive } = aScene();
    redriveNotes.countSince = async () => Promise.reject(failure);
    redriveNotes.note = async () => Promise.reject(failure);
    queue.bury(...letters(3));

    expect(await redrive()).toMatchObject({ moved: 3, ledgerFailure: failure });
  });

  test('a second redrive is refused while SQS carries one out, of whichever kind', async () => {
    const { moveTasks, redrive } = aScene({ dead: 20 });
    await moveTasks.start({ ratePerSecond: 1 });

    for (const filter of [{}, aSession()]) {
      await expect(redrive({ filter })).rejects.toMatchObject({ code: 'redrive_running' });
    }
  });

  const countOf = ({ redriveNotes }: DeadLetterScene, name: string) =>
    redriveNotes.countSince(aSession(name), 0);

  test('an interruption cancels SQS’s redrive: what was moved stays so, and those sessions count', async () => {
    const scene = aScene({ dead: 20 });
    const { queue, stop, redrive } = scene;
    const onProgress = ({ done }: { done: number }) => void (done >= 6 && stop.abort());
    const result = await redrive({ onProgress });

    expect(result).toMatchObject({ by: 'move-task', wasCancelled: true, moved: 6, left: 14 });
    expect(queue.visibleIds()).toHaveLength(14);
    const left = queue.bodies().map((body) => JSON.parse(body).sessionId);
    for (let index = 0; index < 20; index += 1) {
      const name = `session_${index}`;
      expect([name, await countOf(scene, name)]).toEqual([name, left.includes(name) ? 0 : 1]);
    }
  });

  test('an interruption before anything was begun moves nothing', async () => {
    const { moveTasks, stop, redrive } = aScene({ dead: 20 });
    stop.abort();
    expect(await redrive()).toMatchObject({ by: 'nothing', ended: 'interrupted' });
    expect(moveTasks.rates).toEqual([]);
  });

  test('what dies while SQS moves the others is counted as new', async () => {
    const { queue, redrive } = aScene({ dead: 3 });
    let hasDied = false;
    const onProgress = () => {
      if (!hasDied) queue.burySilently(aLetter({ messageId: 'later' }));
      hasDied = true;
    };

    expect(await redrive({ onProgress })).toMatchObject({ moved: 3, left: 0, arrived: 1 });
  });

  test.each([
    ['CouldNotDetermineMessageSource', 'sent a message to the dead-letter queue by hand'],
    ['AccessDenied', 'AccessDenied'],
  ])(
    'a redrive that SQS gives up for %s is told with its reason, and counts for no session',
    async (failureReason, said) => {
      const scene = aScene({ failureReason, dead: 3 });
      const message = expect.stringContaining(said);
      await expect(scene.redrive()).rejects.toMatchObject({ code: 'redrive_failed', message });
      for (const index of [0, 1, 2]) expect(await countOf(scene, `session_${index}`)).toBe(0);
    },
  );

  test('only a redrive that runs can be cancelled', async () => {
    const { moveTasks, deadLetters } = aScene({ dead: 20 });

    await expect(deadLetters.cancel()).rejects.toMatchObject({ code: 'redrive_not_running' });
    await moveTasks.start({ ratePerSecond: 1 });
    await deadLetters.cancel();

    expect(await moveTasks.latest()).toMatchObject({ status: 'cancelled' });
  });

  test('a redrive that SQS refuses, or that another one was faster than, counts for no session', async () => {
    const scene = aScene({ dead: 3 });
    const { moveTasks, redrive } = scene;
    moveTasks.start = async () => Promise.reject(new OperationError('redrive_running', 'another one runs'));

    for (let round = 0; round < 3; round += 1) {
      await expect(redrive()).rejects.toThrow('another one runs');
    }

    expect(await countOf(scene, 'session_0')).toBe(0);
  });

  test('what the sessions queue did not take counts for no session', async () => {
    const scene = aScene({ dead: 2 });
    const { batches, redrive } = scene;
    batches.refuse('session_1');

    await redrive({ filter: { websiteId: aSession().websiteId } });

    expect([await countOf(scene, 'session_0'), await countOf(scene, 'session_1')]).toEqual([1, 0]);
  });

  test('a redrive of SQS counts once it is done: a session that dies again meanwhile counts as moved', async () => {
    const scene = aScene({ dead: 2 });
    const { queue, redrive, clock } = scene;
    let hasDied = false;
    const onProgress = () => {
      if (!hasDied)
        queue.burySilently(aLetter({ session: aSession('session_0'), sentMs: clock.nowMs() + 1 }));
      hasDied = true;
    };

    await redrive({ onProgress });

    expect([await countOf(scene, 'session_0'), await countOf(scene, 'session_1')]).toEqual([1, 1]);
  });

  test('a dead letter that names only its session is filtered, redriven and counted by the only website', async () => {
    const session = aSession('session_short');
    const { queue, batches, redrive, redriveNotes, clock } = aScene({ onlyWebsiteId: session.websiteId });
    const bury = () =>
      queue.bury(aLetter({ session, body: JSON.stringify({ session_id: session.sessionId }) }));

    bury();
    const filtered = await redrive({ filter: { websiteId: session.websiteId } });
    bury();
    await redrive();
    bury();
    await redriveNotes.note(session, clock.nowMs());
    const exhausted = await redrive();

    expect(filtered).toMatchObject({ by: 'enqueue', moved: 1 });
    expect(batches.sent.map(({ job }) => [job.websiteId, job.sessionId])).toEqual([
      [session.websiteId, session.sessionId],
    ]);
    expect(exhausted).toMatchObject({ by: 'enqueue', moved: 0, exhausted: 1 });
  });
});

describe('redrive selected', () => {
  test('a dead letter becomes a full fetch in the current bucket, and is gone', async () => {
    const { queue, batches, selected } = aScene();
    queue.bury(aLetter({ session: aSession('session_a') }));

    expect(await selected()).toMatchObject({ moved: 1, failed: 0, ended: 'end' });
    expect(batches.sent.map(({ job }) => [job.sessionId, job.mode])).toEqual([['session_a', 'full']]);
    expect(batches.sent[0]?.job.bucketMs).toBe(1_790_856_000_000);
    expect(queue.ids()).toEqual([]);
  });

  test('what the sessions queue does not take stays a dead letter, and visible', async () => {
    const { queue, batches, selected } = aScene({ dead: 3 });
    batches.refuse('session_1');
    expect(await selected()).toMatchObject({ moved: 2, failed: 1 });
    expect(queue.visibleIds()).toHaveLength(1);
  });

  test('messages of one session become one', async () => {
    const { queue, batches, selected } = aScene();
    queue.bury(...Array.from({ length: 14 }, () => aLetter()));

    expect(await selected()).toMatchObject({ moved: 14, exhausted: 0 });
    expect(new Set(batches.sent.map(({ deduplicationId }) => deduplicationId)).size).toBe(1);
    expect(queue.ids()).toEqual([]);
  });

  test('however many messages of a session are redriven at once, it is one redrive', async () => {
    const { queue, redriveNotes, selected } = aScene();
    queue.bury(...Array.from({ length: 8 }, () => aLetter()));
    expect(await selected({ ratePerSecond: 1 })).toMatchObject({ moved: 8, exhausted: 0 });
    expect(await redriveNotes.countSince(aSession(), 0)).toBe(1);
  });

  test('what does not match, or names no session, stays', async () => {
    const { queue, selected } = aScene();
    const { websiteId } = aSession();
    queue.bury(aLetter(), aLetter({ messageId: 'unreadable', body: 'not a job' }));

    const filtered = await selected({ filter: { messageIds: ['unreadable'] } });
    const rest = await selected({ filter: { websiteId } });

    expect(filtered).toMatchObject({ moved: 0, unreadable: 1 });
    expect(rest).toMatchObject({ moved: 1, unreadable: 0 });
    expect(queue.visibleIds()).toEqual(['unreadable']);
  });

  test('a message that dies while the redrive runs is left alone, so the redrive ends', async () => {
    const { queue, batches, clock, selected } = aScene({ dead: 3 });
    // Each fails again at once, as poison does.
    batches.onSent(async ({ job }) => {
      await clock.advance(1000);
      queue.bury(aLetter({ messageId: `again-${job.sessionId}`, session: job }));
    });

    expect(await selected()).toMatchObject({ moved: 3, arrived: 3, ended: 'end' });
    expect(queue.visibleIds()).toEqual(['again-session_0', 'again-session_1', 'again-session_2']);
  });

  test.each([1, 5, 20])('%d messages a second are moved, within a tenth', async (ratePerSecond) => {
    const { clock, selected } = aScene({ dead: 100 });
    const startedMs = clock.nowMs();

    const report = await selected({ ratePerSecond });

    const rate = report.moved / ((clock.nowMs() - startedMs) / 1000);
    expect(report.moved).toBe(100);
    expect(rate).toBeGreaterThan(ratePerSecond * 0.9);
    expect(rate).toBeLessThan(ratePerSecond * 1.12);
  });

  test('an interruption ends it between two steps: what was sent is gone, the rest is visible', async () => {
    const { queue, batches, stop, selected } = aScene({ dead: 30 });

    const report = await selected({ ratePerSecond: 1, onProgress: ({ done }) => done === 3 && stop.abort() });
    expect(report).toMatchObject({ moved: 3, interrupted: 7, ended: 'interrupted' });
    expect(batches.sent).toHaveLength(3);
    expect(queue.visibleIds()).toHaveLength(27);
  });

  test('killed between any two steps, and run again, no dead letter is lost and all are moved', async () => {
    const calls = await countCalls();
    expect(calls).toBeGreaterThanOrEqual(4);
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; call <= calls; call += 1) {
        const { queue, sent, outcome, goneAtCrash, sentAtCrash } = await crashAndRunAgain({ call, when });

        expect(outcome).toBe('crashed');
        expect(queue.ids()).toEqual([]);
        expect(sent).toEqual(['session_0', 'session_1', 'session_2']);
        // Even at the crash, every message that is gone from here was sent.
        expect(goneAtCrash.filter((sessionId) => !sentAtCrash.includes(sessionId))).toEqual([]);
      }
    }
  });

  test('two redrives at once share the work, and lose nothing', async () => {
    const { queue, batches, clock, selected } = aScene({ dead: 40 });

    const both = Promise.all([selected({ ratePerSecond: 10 }), selected({ ratePerSecond: 10 })]);
    const [first, second] = await untilSettled(clock, both);

    expect(first.moved + second.moved).toBe(40);
    expect(new Set(batches.sent.map(({ job }) => job.sessionId)).size).toBe(40);
    expect(queue.ids()).toEqual([]);
  });

  test('a delete that fails leaves a duplicate behind, and says so', async () => {
    const { queue, batches, selected } = aScene({ dead: 2 });
    queue.refuseDeletes();

    expect(await selected()).toMatchObject({ moved: 0, duplicated: 2 });
    expect(batches.sent).toHaveLength(2);
    expect(queue.visibleIds()).toHaveLength(2);
  });

  async function countCalls(): Promise<number> {
    const schedule = createCrashSchedule();
    await aScene({ wrap: schedule.wrap, dead: 3 }).selected();
    return schedule.calls;
  }

  /** A process that dies at a call of a port, its hidden messages coming back by time, and one that runs after it. */
  async function crashAndRunAgain(point: CrashPoint) {
    const { queue, batches, clock, selected } = aScene({ wrap: createCrashSchedule([point]).wrap, dead: 3 });
    const outcome = await selected().then(
      () => 'done',
      () => 'crashed',
    );
    const goneAtCrash = [0, 1, 2].filter(
      (index) => !queue.bodies().some((body) => body.includes(`session_${index}`)),
    );
    const sentAtCrash = batches.sent.map(({ job }) => String(job.sessionId));
    await clock.advance(12 * 3600 * 1000);
    await selected();
    const sent = [...new Set(batches.sent.map(({ job }) => job.sessionId))].sort();
    return { queue, sent, outcome, sentAtCrash, goneAtCrash: goneAtCrash.map((index) => `session_${index}`) };
  }
});
