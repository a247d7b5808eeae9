import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSqsScratchQueues } from '../../../lib/adapters/sqs/sqs-scratch-queues.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients, type LocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import type { ScratchQueues } from '../../../lib/ports/scratch-queues.ts';
import { observeDeduplication } from '../../../lib/use-cases/doctor/observe-deduplication.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const clock = createVirtualClock();
// Whoever sleeps turns the clock.
const turning = { ...clock, sleep: (ms: number) => clock.advance(ms) };
let aws: EmbeddedAws;
let clients: LocalAwsClients;

beforeAll(async () => {
  aws = await startEmbeddedAws({ clock });
  clients = createLocalAwsClients(aws.endpoints);
});

afterAll(async () => {
  clients.destroy();
  await aws.stop();
});

test('two equal ids within the delay are seen to be one message, on a queue that is gone afterwards', async () => {
  const queues = createSqsScratchQueues(clients.sqs, { waitSeconds: 0, endpoint: aws.endpoints.sqs });

  const observation = await observeDeduplication({ queues, clock: turning });

  expect(observation).toMatchObject({ outcome: 'seen', answer: 'yes: the first came, and no other' });
  const { QueueUrls = [] } = await clients.sqs.send(new ListQueuesCommand({}));
  expect(QueueUrls).toEqual([]);
});

/** A queue that keeps everything, and fails where it is told to. */
function aForgetfulQueue({ failsToSend = false } = {}) {
  const sent: string[] = [];
  let isRemoved = false;
  const queues: ScratchQueues = {
    create: async () => ({
      name: 'scratch.fifo',
      async send(body) {
        if (failsToSend) throw new Error('no');
        sent.push(body);
      },
      take: async () => sent.splice(0),
      async remove() {
        isRemoved = true;
      },
    }),
  };
  return { queues, isRemoved: () => isRemoved };
}

test('a queue that keeps both is a problem', async () => {
  const { queues } = aForgetfulQueue();

  const observation = await observeDeduplication({ queues, clock: turning });

  expect(observation).toMatchObject({ outcome: 'not_seen', answer: 'no: 2 came', isProblem: true });
});

test('the queue is removed also where the look fails', async () => {
  const { queues, isRemoved } = aForgetfulQueue({ failsToSend: true });

  await expect(observeDeduplication({ queues, clock: turning })).rejects.toThrow('no');

  expect(isRemoved()).toBe(true);
});
