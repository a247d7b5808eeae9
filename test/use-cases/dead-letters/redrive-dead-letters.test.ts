import { expect, test } from 'vitest';
import { OperationError } from '../../../lib/core/errors/operation-error.ts';
import { aSession } from '../../support/builders.ts';
import {
  aLetter,
  createDeadLetterScene,
  type DeadLetterScene,
  letters,
} from '../../support/create-dead-letter-scene.ts';
import { untilSettled } from '../../support/until-settled.ts';

const DAY_MS = 24 * 3600 * 1000;

test('the whole queue is left to SQS, at the rate that was asked for', async () => {
  const { queue, moveTasks, batches, deadLetters, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(5), aLetter({ body: 'not a job' }));

  const result = await untilSettled(clock, deadLetters.redrive({ ...usual, ratePerSecond: 7 }));

  expect(result).toMatchObject({ by: 'move-task', moved: 6, left: 0, arrived: 0, wasCancelled: false });
  expect(moveTasks.rates).toEqual([7]);
  expect(batches.sent).toEqual([]);
});

test('with a filter the messages are enqueued one by one', async () => {
  const { queue, moveTasks, deadLetters, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(5));
  const { sessionId } = aSession('session_2');

  const result = await untilSettled(clock, deadLetters.redrive({ ...usual, filter: { sessionId } }));

  expect(result).toMatchObject({ by: 'enqueue', moved: 1 });
  expect(moveTasks.rates).toEqual([]);
  expect(queue.ids()).toHaveLength(4);
});

test('a look at what would be moved moves nothing', async () => {
  const { queue, batches, deadLetters, usual } = createDeadLetterScene();
  queue.bury(...letters(5), aLetter({ session: aSession('session_0') }), aLetter({ body: 'x' }));

  const survey = await deadLetters.preview(usual);

  expect(survey).toMatchObject({ matched: 7, unreadable: 1, exhausted: 0 });
  expect(survey.sessions).toHaveLength(5);
  expect(queue.visibleIds()).toHaveLength(7);
  expect(batches.sent).toEqual([]);
});

test('an empty queue starts no redrive', async () => {
  const { moveTasks, deadLetters, usual, clock } = createDeadLetterScene();

  expect(await untilSettled(clock, deadLetters.redrive(usual))).toMatchObject({ by: 'nothing', matched: 0 });
  expect(moveTasks.rates).toEqual([]);
});

test('a session that dies again after each redrive stays after the third within a day, and goes again the day after', async () => {
  const { queue, batches, deadLetters, usual, clock } = createDeadLetterScene();
  const poison = aSession('session_poison');
  const moved: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    if (queue.ids().length === 0) queue.bury(aLetter({ session: poison }));
    const redrive = deadLetters.redrive({ ...usual, filter: { websiteId: poison.websiteId } });
    const result = await untilSettled(clock, redrive);
    if (result.by === 'enqueue') moved.push(result.moved);
    await clock.advance(3600 * 1000);
  }
  await clock.advance(DAY_MS);
  const nextDay = await untilSettled(clock, deadLetters.redrive({ ...usual, filter: poison }));

  expect(moved).toEqual([1, 1, 1, 0, 0]);
  expect(nextDay).toMatchObject({ moved: 1, exhausted: 0 });
  expect(batches.sent).toHaveLength(4);
});

test('redrives by SQS count, too: then the poison stays, and the others go one by one', async () => {
  const { queue, moveTasks, batches, deadLetters, usual, clock } = createDeadLetterScene();
  const poison = aSession('session_poison');
  for (let round = 0; round < 3; round += 1) {
    queue.bury(aLetter({ session: poison }));
    await untilSettled(clock, deadLetters.redrive(usual));
  }
  queue.bury(aLetter({ session: poison }), ...letters(4));

  const result = await untilSettled(clock, deadLetters.redrive(usual));

  expect(moveTasks.rates).toHaveLength(3);
  expect(result).toMatchObject({ by: 'enqueue', moved: 4, exhausted: 1 });
  expect(batches.sent.map(({ job }) => job.sessionId)).not.toContain('session_poison');
});

test('the cap can be raised', async () => {
  const { queue, redriveNotes, deadLetters, usual, clock } = createDeadLetterScene();
  const poison = aSession('session_poison');
  for (let count = 0; count < 3; count += 1) await redriveNotes.note(poison, clock.nowMs());
  queue.bury(aLetter({ session: poison }));

  const result = await untilSettled(clock, deadLetters.redrive({ ...usual, filter: poison, maxRedrives: 4 }));

  expect(result).toMatchObject({ moved: 1, exhausted: 0 });
});

test('a ledger that is away stops no redrive, and is told', async () => {
  const failure = new Error('away');
  const { queue, redriveNotes, deadLetters, usual, clock } = createDeadLetterScene();
  redriveNotes.countSince = async () => Promise.reject(failure);
  redriveNotes.note = async () => Promise.reject(failure);
  queue.bury(...letters(3));

  const result = await untilSettled(clock, deadLetters.redrive(usual));

  expect(result).toMatchObject({ moved: 3, ledgerFailure: failure });
});

test('a second redrive is refused while SQS carries one out, of whichever kind', async () => {
  const { queue, moveTasks, deadLetters, usual } = createDeadLetterScene();
  queue.bury(...letters(20));
  await moveTasks.start({ ratePerSecond: 1 });

  for (const filter of [{}, aSession()]) {
    await expect(deadLetters.redrive({ ...usual, filter })).rejects.toMatchObject({
      code: 'redrive_running',
    });
  }
});

test('an interruption cancels SQS’s redrive: what was moved stays so', async () => {
  const { queue, deadLetters, usual, clock, stop } = createDeadLetterScene();
  queue.bury(...letters(20));

  const onProgress = (moved: number) => moved >= 6 && stop.abort();
  const result = await untilSettled(
    clock,
    deadLetters.redrive({ ...usual, onProgress: (it) => void onProgress(it) }),
  );

  expect(result).toMatchObject({ by: 'move-task', wasCancelled: true, moved: 6, left: 14 });
  expect(queue.visibleIds()).toHaveLength(14);
});

test('an interruption before anything was begun moves nothing', async () => {
  const { queue, moveTasks, deadLetters, usual, stop, clock } = createDeadLetterScene();
  queue.bury(...letters(20));
  stop.abort();

  const result = await untilSettled(clock, deadLetters.redrive(usual));

  expect(result).toMatchObject({ by: 'nothing', ended: 'interrupted' });
  expect(moveTasks.rates).toEqual([]);
});

test('what dies while SQS moves the others is counted as new', async () => {
  const { queue, deadLetters, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(3));
  let hasDied = false;
  const onProgress = () => {
    if (!hasDied) queue.burySilently(aLetter({ messageId: 'later' }));
    hasDied = true;
  };

  const result = await untilSettled(clock, deadLetters.redrive({ ...usual, onProgress }));

  expect(result).toMatchObject({ moved: 3, left: 0, arrived: 1 });
});

test('a redrive that SQS gives up is told with its reason', async () => {
  const failureReason = 'CouldNotDetermineMessageSource';
  const { queue, deadLetters, usual, clock } = createDeadLetterScene({ failureReason });
  queue.bury(...letters(3));

  const work = untilSettled(clock, deadLetters.redrive(usual));

  await expect(work).rejects.toMatchObject({
    code: 'redrive_failed',
    message: expect.stringContaining('sent a message to the dead-letter queue by hand'),
  });
});

test('only a redrive that runs can be cancelled', async () => {
  const { queue, moveTasks, deadLetters } = createDeadLetterScene();
  queue.bury(...letters(20));

  await expect(deadLetters.cancel()).rejects.toMatchObject({ code: 'redrive_not_running' });
  await moveTasks.start({ ratePerSecond: 1 });
  await deadLetters.cancel();

  expect(await moveTasks.latest()).toMatchObject({ status: 'cancelled' });
});

const countOf = ({ redriveNotes }: DeadLetterScene, name: string) =>
  redriveNotes.countSince(aSession(name), 0);

test('of a redrive that is cancelled those sessions count of which something was moved', async () => {
  const scene = createDeadLetterScene();
  const { queue, deadLetters, usual, clock, stop } = scene;
  queue.bury(...letters(20));

  const onProgress = (moved: number) => moved >= 6 && stop.abort();
  await untilSettled(clock, deadLetters.redrive({ ...usual, onProgress: (it) => void onProgress(it) }));

  const left = queue.bodies().map((body) => JSON.parse(body).sessionId);
  expect(left).toHaveLength(14);
  for (let index = 0; index < 20; index += 1) {
    const name = `session_${index}`;
    expect([name, await countOf(scene, name)]).toEqual([name, left.includes(name) ? 0 : 1]);
  }
});

test('a redrive that SQS refuses, or that another one was faster than, counts for no session', async () => {
  const scene = createDeadLetterScene();
  const { queue, moveTasks, deadLetters, usual, clock } = scene;
  queue.bury(...letters(3));
  moveTasks.start = async () => Promise.reject(new OperationError('redrive_running', 'another one runs'));

  for (let round = 0; round < 3; round += 1) {
    await expect(untilSettled(clock, deadLetters.redrive(usual))).rejects.toThrow('another one runs');
  }

  expect(await countOf(scene, 'session_0')).toBe(0);
});

test('a redrive that SQS gives up before it has moved anything counts for no session', async () => {
  const scene = createDeadLetterScene({ failureReason: 'AccessDenied' });
  const { queue, deadLetters, usual, clock } = scene;
  queue.bury(...letters(3));

  await expect(untilSettled(clock, deadLetters.redrive(usual))).rejects.toThrow('AccessDenied');

  const counts = await Promise.all(letters(3).map((_, index) => countOf(scene, `session_${index}`)));
  expect(counts).toEqual([0, 0, 0]);
});

test('what the sessions queue did not take counts for no session', async () => {
  const scene = createDeadLetterScene();
  const { queue, batches, deadLetters, usual, clock } = scene;
  queue.bury(...letters(2));
  batches.refuse('session_1');

  await untilSettled(clock, deadLetters.redrive({ ...usual, filter: { websiteId: aSession().websiteId } }));

  expect([await countOf(scene, 'session_0'), await countOf(scene, 'session_1')]).toEqual([1, 0]);
});

test('a redrive of SQS counts once it is done: a session that dies again meanwhile counts as moved', async () => {
  const scene = createDeadLetterScene();
  const { queue, deadLetters, usual, clock } = scene;
  queue.bury(...letters(2));
  let hasDied = false;
  const onProgress = () => {
    if (!hasDied) queue.burySilently(aLetter({ session: aSession('session_0'), sentMs: clock.nowMs() + 1 }));
    hasDied = true;
  };

  await untilSettled(clock, deadLetters.redrive({ ...usual, onProgress }));

  expect([await countOf(scene, 'session_0'), await countOf(scene, 'session_1')]).toEqual([1, 1]);
});

test('a dead letter that names only its session is filtered, redriven and counted by the only website', async () => {
  const session = aSession('session_short');
  const scene = createDeadLetterScene({ onlyWebsiteId: session.websiteId });
  const { queue, batches, deadLetters, redriveNotes, usual, clock } = scene;
  const bury = () =>
    queue.bury(aLetter({ session, body: JSON.stringify({ session_id: session.sessionId }) }));

  bury();
  const byWebsite = { ...usual, filter: { websiteId: session.websiteId } };
  const filtered = await untilSettled(clock, deadLetters.redrive(byWebsite));
  bury();
  await untilSettled(clock, deadLetters.redrive(usual));
  bury();
  await redriveNotes.note(session, clock.nowMs());
  const exhausted = await untilSettled(clock, deadLetters.redrive(usual));

  expect(filtered).toMatchObject({ by: 'enqueue', moved: 1 });
  expect(batches.sent.map(({ job }) => [job.websiteId, job.sessionId])).toEqual([
    [session.websiteId, session.sessionId],
  ]);
  expect(exhausted).toMatchObject({ by: 'enqueue', moved: 0, exhausted: 1 });
});
