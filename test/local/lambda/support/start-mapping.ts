import type { Context, SQSEvent } from 'aws-lambda';
import {
  createEventSourceMapping,
  type EventSourceMappingOptions,
} from '../../../../lib/local/lambda/event-source-mapping.ts';
import type { MappingEvent } from '../../../../lib/local/lambda/mapping-event.ts';
import type { LocalAws } from '../../aws/support/start-local-aws.ts';

export type Handler = (event: SQSEvent, context: Context) => unknown;

type EventName = MappingEvent['name'];

/** A mapping of a queue to `handler`, and its events to wait for. */
export function createTestMapping(
  aws: LocalAws,
  queueUrl: string,
  {
    handler,
    ...options
  }: { handler: Handler } & Partial<EventSourceMappingOptions> & Pick<EventSourceMappingOptions, 'clock'>,
) {
  const events: MappingEvent[] = [];
  let arrived = Promise.withResolvers<void>();

  const mapping = createEventSourceMapping({
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
