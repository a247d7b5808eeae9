import type { Context, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach } from 'vitest';
import type { MappingEvent } from '../../../lib/local/lambda/batch.ts';
import {
  createLocalMapping,
  type LocalMappingOptions,
} from '../../../lib/local/lambda/event-source-mapping.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { type LocalAws, startLocalAws } from '../aws/support.ts';

type Started = ReturnType<typeof createTestMapping>;

/** Before each test an embedded AWS with a FIFO queue (visibility 360 s) on a clock of its own; after it, all is stopped. */
export function withTestQueue() {
  const running: Started[] = [];
  const context = {} as { clock: VirtualClock; aws: LocalAws; queue: string }; // Filled before each test.

  beforeEach(async () => {
    const clock = createVirtualClock();
    const aws = await startLocalAws({ clock });
    Object.assign(context, { clock, aws, queue: await aws.createFifoQueue({ VisibilityTimeout: '360' }) });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ mapping }) => mapping.stop({ graceMs: 0 })));
    await context.aws.stop();
  });

  return {
    context,
    /** Starts a mapping of the queue to `handler`. */
    start(handler: Handler, options: Partial<Parameters<typeof createTestMapping>[2]> = {}): Started {
      const { aws, queue, clock } = context;
      const started = createTestMapping(aws, queue, { handler, clock, ...options });
      started.mapping.start();
      running.push(started);
      return started;
    },
    async counts() {
      const attributes = await context.aws.attributesOf(context.queue);
      return {
        visible: Number(attributes.ApproximateNumberOfMessages),
        inFlight: Number(attributes.ApproximateNumberOfMessagesNotVisible),
      };
    },
  };
}

export type Handler = (event: SQSEvent, context: Context) => unknown;

type EventName = MappingEvent['name'];

/** A mapping of a queue to `handler`, and its events to wait for. */
function createTestMapping(
  aws: LocalAws,
  queueUrl: string,
  {
    handler,
    ...options
  }: { handler: Handler } & Partial<LocalMappingOptions> & Pick<LocalMappingOptions, 'clock'>,
) {
  const events: MappingEvent[] = [];
  let arrived = Promise.withResolvers<void>();

  const mapping = createLocalMapping({
    sqs: aws.sqs,
    queueUrl,
    queueArn: `arn:aws:sqs:us-east-1:000000000000:${queueUrl.split('/').at(-1)}`,
    batchSize: 5,
    maximumConcurrency: 2,
    timeoutSeconds: 60,
    createInvoker: () => ({ invoke: async (event, context) => handler(event, context) }),
    onEvent(event) {
      events.push(event);
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    ...options,
  });

  const named = <Name extends EventName>(name: Name) =>
    events.filter((event): event is Extract<MappingEvent, { name: Name }> => event.name === name);

  return {
    mapping,
    events,
    named,
    /** Resolves once `count` events of that name have come since the beginning. */
    async until<Name extends EventName>(name: Name, count = 1) {
      while (named(name).length < count) await arrived.promise;
      return named(name);
    },
  };
}

/** A promise that a test resolves, for handlers that are to wait. */
export function createGate() {
  return Promise.withResolvers<void>();
}
