import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { ScratchQueues } from '../../ports/scratch-queues.ts';
import { toAwsOperationError } from '../aws-operation-error.ts';
import { toSqsFailure } from './sqs-failure.ts';

export interface ScratchQueueOptions {
  /** How long a look waits for messages: SQS may keep one on a server that a hasty look does not ask. */
  readonly waitSeconds?: number;
  /** In place of the host in the URLs that an emulator hands out, which may not resolve. */
  readonly endpoint?: string | undefined;
}

// SQS's least. Whatever is forgotten is gone after a minute, but for the empty queue.
const RETENTION_SECONDS = 60;

/** Scratch queues on SQS, with names of their own: `crisp-enrich-doctor-….fifo`. */
export function createSqsScratchQueues(
  sqs: SQSClient,
  { waitSeconds = 5, endpoint }: ScratchQueueOptions = {},
): ScratchQueues {
  return {
    async create(delaySeconds) {
      const name = `crisp-enrich-doctor-${randomUUID()}.fifo`;
      const command = new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          FifoQueue: 'true',
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
          DelaySeconds: String(delaySeconds),
          MessageRetentionPeriod: String(RETENTION_SECONDS),
        },
      });
      const { QueueUrl: given = '' } = await sqs.send(command).catch((thrown: unknown) => {
        throw toAwsOperationError(thrown, { action: 'sqs:CreateQueue', resource: name });
      });
      const url = endpoint === undefined ? given : new URL(new URL(given).pathname, endpoint).href;

      return {
        name,
        async send(body, deduplicationId) {
          const message = { MessageGroupId: 'doctor', MessageDeduplicationId: deduplicationId };
          const send = new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...message });
          await sqs.send(send).catch(toSqsFailure('sqs:SendMessage', url));
        },
        async take() {
          const receive = { QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds };
          const { Messages = [] } = await sqs
            .send(new ReceiveMessageCommand(receive))
            .catch(toSqsFailure('sqs:ReceiveMessage', url));
          for (const { ReceiptHandle } of Messages) {
            // What is left of a group shows itself only after this.
            await sqs
              .send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }))
              .catch(toSqsFailure('sqs:DeleteMessage', url));
          }
          return Messages.map(({ Body = '' }) => Body);
        },
        async remove() {
          const remove = new DeleteQueueCommand({ QueueUrl: url });
          await sqs.send(remove).catch(toSqsFailure('sqs:DeleteQueue', url));
        },
      };
    },
  };
}
