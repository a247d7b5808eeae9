import type { PublishCommandInput } from '@aws-sdk/client-sns';
import type { Random } from '../../../../lib/local/simulator/random.ts';

import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Recorder } from '../recorder.ts';
import type { AwsActions } from './aws-call.ts';
import { toAwsError } from './aws-error.ts';
import { isSqsText } from './is-sqs-text.ts';

/** How the topic treats one delivery to the records queue. */
export interface RecordDelivery {
  /** Each copy arrives that much later. */
  readonly copiesAfterMs: readonly number[];
}

export interface FakeSns {
  readonly actions: AwsActions;
  /** What becomes of a delivery; by default one copy, soon. */
  disturbDelivery: ((random: Random) => RecordDelivery) | undefined;
  /** How many deliveries are on their way. */
  readonly pending: number;
}

// SNS's limit, attributes included.
const MOST_BYTES = 256 * 1024;

/** The records topic, with the records queue as its subscriber; another subscriber's trouble is not seen here. */
export function createFakeSns({
  clock,
  random,
  recorder,
}: {
  clock: VirtualClock;
  random: Random;
  recorder: Recorder;
}): FakeSns {
  let pending = 0;
  const sns: FakeSns = {
    actions: { Publish: publish },
    disturbDelivery: undefined,
    get pending() {
      return pending;
    },
  };
  return sns;

  function publish({ Message = '', MessageAttributes = {} }: PublishCommandInput) {
    if (
      Message === '' ||
      Buffer.byteLength(Message) + sizeOf(MessageAttributes) > MOST_BYTES ||
      !isSqsText(Message)
    )
      throw toAwsError('InvalidParameter', 400);
    // Raw delivery to SQS discards a message with more than ten.
    if (Object.keys(MessageAttributes).length > 10) throw new Error('more attributes than SQS takes');
    recorder.note({ type: 'notice-published', body: Message });
    const { copiesAfterMs } = sns.disturbDelivery?.(random) ?? { copiesAfterMs: [random.integer(5, 120)] };
    for (const delayMs of copiesAfterMs) deliver(Message, delayMs);
    return { MessageId: random.uuid() };
  }

  function deliver(body: string, delayMs: number): void {
    pending += 1;
    clock.schedule(clock.nowMs() + delayMs, () => {
      pending -= 1;
      recorder.note({ type: 'record-delivered', body });
    });
  }
}

function sizeOf(attributes: NonNullable<PublishCommandInput['MessageAttributes']>): number {
  return Object.entries(attributes)
    .flatMap(([name, { DataType = '', StringValue = '' }]) => [name, DataType, StringValue])
    .reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}
