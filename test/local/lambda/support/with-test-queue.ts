import { afterEach, beforeEach } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';
import { type LocalAws, startLocalAws } from '../../aws/support/start-local-aws.ts';
import { createTestMapping, type Handler } from './start-mapping.ts';

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
