import { expect, test } from 'vitest';
import { createDeadLetterScene, letters } from '../../support/create-dead-letter-scene.ts';

test('a message is found wherever it lies, and no further ones are looked at', async () => {
  const { queue, show, usual } = createDeadLetterScene();
  queue.bury(...letters(30));
  const id = queue.ids()[14] ?? '';

  const { letter, seen } = await show(id, usual);

  expect(letter.messageId).toBe(id);
  expect(seen).toBe(20);
  expect(queue.visibleIds()).toHaveLength(30);
});

test('an id that is not there is told, with how many were peeked', async () => {
  const { queue, show, usual } = createDeadLetterScene();
  queue.bury(...letters(3));

  await expect(show('\u001b[2Jnope', usual)).rejects.toMatchObject({
    code: 'message_not_found',
    message: 'no message with id \\u001b[2Jnope in the first 3 peeked',
  });
});
