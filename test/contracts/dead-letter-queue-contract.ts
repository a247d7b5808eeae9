import { describe, expect, test } from 'vitest';
import type { QueueReader } from '../../lib/aws/queues.ts';
import type { DeadLetterQueue } from '../../lib/dead-letters/queue.ts';

/** A queue and the hand of SQS that fills it. */
interface DeadLetterQueueUnderTest {
  readonly queue: DeadLetterQueue;
  readonly reader: QueueReader;
  /** One message of each body, each in the group that is named. */
  readonly bury: (letters: readonly { readonly body: string; readonly group: string }[]) => Promise<void>;
}

const apart = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ body: `body ${index}`, group: `group-${index}` }));

/** What all dead-letter queues must do; `create` gives an empty one of its own. */
export function describeDeadLetterQueue(
  implementation: string,
  create: () => Promise<DeadLetterQueueUnderTest>,
): void {
  describe(`dead-letter queue: ${implementation}`, () => {
    test('messages come ten at a time, and none twice while it is hidden', async () => {
      const { queue, bury } = await create();
      await bury(apart(13));

      const [first, second, third] = [
        await queue.receive(60),
        await queue.receive(60),
        await queue.receive(60),
      ];

      expect([first.length, second.length, third.length]).toEqual([10, 3, 0]);
      const bodies = [...first, ...second].map(({ body }) => body).sort();
      expect(bodies).toEqual(
        apart(13)
          .map(({ body }) => body)
          .sort(),
      );
    });

    test('what is restored is visible at once, and a look costs it one receive', async () => {
      const { queue, reader, bury } = await create();
      await bury(apart(3));
      const [before] = [await queue.receive(60)];

      await queue.restore(before.map(({ receiptHandle }) => receiptHandle));
      const after = await queue.receive(60);

      const receives = (letters: typeof before) => new Map(letters.map((it) => [it.messageId, it.receives]));
      expect(after).toHaveLength(3);
      for (const [messageId, count] of receives(before))
        expect(receives(after).get(messageId)).toBe(count + 1);
      expect(await reader.describe()).toMatchObject({ visible: 0, inFlight: 3 });
    });

    test('restoring what is gone or visible already is no failure', async () => {
      const { queue, bury } = await create();
      await bury(apart(2));
      const handles = (await queue.receive(60)).map(({ receiptHandle }) => receiptHandle);
      await queue.delete(handles.slice(0, 1));
      await queue.restore(handles);

      await queue.restore(handles);

      expect(await queue.receive(60)).toHaveLength(1);
    });

    test('what is deleted is gone for good, and told apart from what was gone before', async () => {
      const { queue, reader, bury } = await create();
      await bury(apart(3));
      const handles = (await queue.receive(60)).map(({ receiptHandle }) => receiptHandle);

      expect(await queue.delete(handles.slice(0, 2))).toEqual([true, true]);

      await queue.restore(handles);
      expect(await reader.describe()).toMatchObject({ visible: 1, inFlight: 0 });
    });

    test('of one session ten messages are seen at a time', async () => {
      const { queue, bury } = await create();
      await bury(Array.from({ length: 12 }, (_, index) => ({ body: `body ${index}`, group: 'one' })));

      const first = await queue.receive(60);
      const second = await queue.receive(60);

      expect([first.length, second.length]).toEqual([10, 0]);
      expect(new Set(first.map(({ group }) => group))).toEqual(new Set(['one']));
    });
  });
}
