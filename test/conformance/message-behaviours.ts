import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { first, makeQueue } from './test-queue.ts';

const MIB = 1024 * 1024;

export const messageBehaviours: readonly Behaviour[] = [
  {
    title: 'a body of 1 MiB is accepted, one byte more is refused',
    async run(target) {
      const queue = await makeQueue(target);

      await queue.send({ MessageBody: 'x'.repeat(MIB) });
      const tooLong = queue.send({ MessageBody: 'x'.repeat(MIB + 1) });

      await expect(tooLong).rejects.toThrow();
      expect(first(await queue.receive()).Body).toHaveLength(MIB);
    },
  },
  {
    title: 'a body comes back as it was sent, beyond the basic plane too; U+FFFF is refused',
    async run(target) {
      const queue = await makeQueue(target);
      const text = 'tab\t "quotes" é 漢 😀 \u{10FFFF}';

      await queue.send({ MessageBody: text });
      const refused = queue.send({ MessageBody: 'a\uFFFF' });

      await expect(refused).rejects.toThrow();
      expect(await queue.bodies()).toEqual([text]);
    },
  },
  {
    title: 'message attributes come back with their types',
    async run(target) {
      const queue = await makeQueue(target);
      const MessageAttributes = {
        kind: { DataType: 'String', StringValue: 'conversation.enriched' },
        size: { DataType: 'Number', StringValue: '12' },
      };

      await queue.send({ MessageBody: 'x', MessageAttributes });

      expect(first(await queue.receive()).MessageAttributes).toMatchObject(MessageAttributes);
    },
  },
  {
    title: 'a batch may fail in part: HTTP 200 with the failed entries',
    async run(target) {
      const queue = await makeQueue(target);

      const { Successful, Failed } = await target.sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: queue.url,
          Entries: [
            { Id: 'good', MessageBody: 'x' },
            { Id: 'bad', MessageBody: 'a\uFFFF' },
          ],
        }),
      );

      expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
      expect(Failed?.map(({ Id, SenderFault }) => [Id, SenderFault])).toEqual([['bad', true]]);
    },
  },
];
