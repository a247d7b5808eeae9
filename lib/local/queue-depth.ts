import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { OPERATED_QUEUES, type OperatedQueueName } from '../core/operated-stage.ts';
import type { LocalAws } from './start-aws.ts';

/** How many messages a queue holds, by what they wait for. */
export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly total: number;
}

/** Reads a queue's own counters. */
export async function readQueueDepth(sqs: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  const visible = Number(Attributes.ApproximateNumberOfMessages ?? 0);
  const inFlight = Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0);
  const delayed = Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0);
  return { visible, inFlight, delayed, total: visible + inFlight + delayed };
}

/** How many messages each queue holds in all. */
export type QueueDepths = Readonly<Record<OperatedQueueName, number>>;

export async function readQueueDepths({ clients, resources }: Pick<LocalAws, 'clients' | 'resources'>) {
  const entries = OPERATED_QUEUES.map(
    async (key) => [key, (await readQueueDepth(clients.sqs, resources.queues[key])).total] as const,
  );
  // Object.fromEntries widens the keys; OPERATED_QUEUES holds each of them.
  return Object.fromEntries(await Promise.all(entries)) as QueueDepths;
}
