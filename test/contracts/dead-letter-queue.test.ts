import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { createSqsQueueReader } from '../../lib/aws/queues.ts';
import { createSqsDeadLetterQueue } from '../../lib/dead-letters/queue.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients, type LocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { createMemoryDeadLetterQueue } from '../support/dead-letter-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { describeDeadLetterQueue } from './dead-letter-queue-contract.ts';

let aws: EmbeddedAws;
let clients: LocalAwsClients;
let serial = 0;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  clients = createLocalAwsClients(aws.endpoints);
});

afterAll(async () => {
  clients.destroy();
  await aws.stop();
});

describeDeadLetterQueue('in memory', async () => {
  const queue = createMemoryDeadLetterQueue(createVirtualClock());
  return {
    queue,
    reader: queue,
    async bury(letters) {
      queue.bury(...letters.map((letter, index) => ({ ...letter, messageId: `message-${index}` })));
    },
  };
});

describeDeadLetterQueue('SQS embedded', async () => {
  serial += 1;
  const { sqs } = clients;
  const create = new CreateQueueCommand({
    QueueName: `contract-${serial}.fifo`,
    Attributes: {
      FifoQueue: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    },
  });
  const { QueueUrl = '' } = await sqs.send(create);
  return {
    queue: createSqsDeadLetterQueue(sqs, QueueUrl),
    reader: createSqsQueueReader(sqs, QueueUrl),
    async bury(letters) {
      for (const { body, group } of letters) {
        await sqs.send(
          new SendMessageCommand({
            QueueUrl,
            MessageBody: body,
            MessageGroupId: group,
            MessageDeduplicationId: crypto.randomUUID(),
          }),
        );
      }
    },
  };
});
