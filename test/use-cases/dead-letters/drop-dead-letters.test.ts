import { expect, test } from 'vitest';
import { aSession } from '../../support/builders.ts';
import { aLetter, createDeadLetterScene, letters } from '../../support/create-dead-letter-scene.ts';

test('what matches is gone, and the rest is visible again', async () => {
  const { queue, drop, usual } = createDeadLetterScene();
  queue.bury(...letters(12));
  const { sessionId } = aSession('session_3');

  const report = await drop({ ...usual, filter: { sessionId } });

  expect(report).toMatchObject({ dropped: 1, failed: 0 });
  expect(queue.ids()).toHaveLength(11);
  expect(queue.visibleIds()).toHaveLength(11);
});

test('what died after the drop began is left: nobody can have meant it', async () => {
  const { queue, drop, usual, clock } = createDeadLetterScene();
  queue.bury(aLetter(), aLetter({ messageId: 'later', sentMs: clock.nowMs() + 1 }));

  const report = await drop(usual);

  expect(report).toMatchObject({ dropped: 1, arrived: 1 });
  expect(queue.ids()).toEqual(['later']);
});

test('what SQS does not delete is counted as left', async () => {
  const { queue, drop, usual } = createDeadLetterScene();
  queue.bury(...letters(2));
  queue.refuseDeletes();

  expect(await drop(usual)).toMatchObject({ dropped: 0, failed: 2 });
  expect(queue.visibleIds()).toHaveLength(2);
});
