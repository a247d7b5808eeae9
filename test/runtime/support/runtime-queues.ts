import { randomUUID } from 'node:crypto';
import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SessionRef } from '../../../lib/core/ids.ts';
import type { EnrichedRecord } from '../../../lib/core/record/schema.ts';
import type { QueueKey } from '../../../lib/local/aws/provision.ts';
import type { RuntimeScene } from './start-runtime-scene.ts';

// At least the delay of the sessions queue: one bucket and its margin.
const DELAY_MS = 70_000;

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Asks for the sessions in full, and turns the clock to where their messages can be received. */
export async function enqueue(scene: RuntimeScene, sessions: readonly SessionRef[]): Promise<void> {
  for (const session of sessions) {
    const message = {
      QueueUrl: scene.resources.queues.sessions,
      MessageBody: JSON.stringify({ v: 1, ...session, mode: 'full' }),
      MessageGroupId: `${session.websiteId}:${session.sessionId}`,
      MessageDeduplicationId: randomUUID(),
    };
    await scene.aws.sqs.send(new SendMessageCommand(message));
  }
  await scene.clock.advance(DELAY_MS);
}

/** What one receive returns, as Lambda's poller asks for it. */
export async function receive({ aws, resources }: RuntimeScene, queue: QueueKey): Promise<Message[]> {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: resources.queues[queue],
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** The records of one receive of the records queue. */
export async function receiveRecords(scene: RuntimeScene): Promise<EnrichedRecord[]> {
  // A record's own shape is the subject of other tests.
  return (await receive(scene, 'records')).map(({ Body = '' }) => JSON.parse(Body) as EnrichedRecord);
}

/** How many messages the sessions queue holds, waiting, in flight or delayed. */
export async function countSessions({ aws, resources }: RuntimeScene): Promise<number> {
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: resources.queues.sessions, AttributeNames: [...COUNTS] }),
  );
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}
