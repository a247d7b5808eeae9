import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toAwsOperationError, toSqsFailure } from '../../aws/failures.ts';
import type { Clock } from '../../clock.ts';
import type { Observation } from './observe.ts';

/** A FIFO queue that exists for a test alone. Rejects with `OperationError`. */
interface ScratchQueue {
  readonly name: string;
  /** All messages go into one group. */
  send(body: string, deduplicationId: string): Promise<void>;
  /** The bodies of what is there, which is deleted. */
  take(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export interface ScratchQueues {
  /** A new one, set as the sessions queue is, with a delay of its own. */
  create(delaySeconds: number): Promise<ScratchQueue>;
}

interface ScratchQueueOptions {
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

interface ObserveDeduplicationDependencies {
  readonly queues: ScratchQueues;
  readonly clock: Clock;
}

// As short as makes sure that the second is sent while the first is still delayed.
const DELAY_SECONDS = 5;
const PATIENCE_MS = 1000;
// The second look finds what the first kept back.
const LOOKS = 2;

/**
 * Sends two messages with one deduplication id to a queue of its own, the second while the first is delayed, and counts
 * what arrives. The queue is deleted, whatever happens.
 */
export async function observeDeduplication({
  queues,
  clock,
}: ObserveDeduplicationDependencies): Promise<Observation> {
  const queue = await queues.create(DELAY_SECONDS);
  try {
    await queue.send('first', 'one-id');
    await queue.send('second', 'one-id');
    await clock.sleep(DELAY_SECONDS * 1000 + PATIENCE_MS);
    const taken: string[] = [];
    for (let look = 0; look < LOOKS; look += 1) taken.push(...(await queue.take()));
    return toObservation(taken);
  } finally {
    await queue.remove();
  }
}

function toObservation(taken: readonly string[]): Observation {
  const question = 'two sends with one deduplication id within the delay of a FIFO queue are one message';
  if (taken.length === 1)
    return { question, outcome: 'seen', answer: `yes: the ${taken[0]} came, and no other` };
  const answer = taken.length === 0 ? 'none came' : `no: ${taken.length} came`;
  return { question, outcome: 'not_seen', answer, isProblem: true };
}
