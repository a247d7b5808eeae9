import type { Random } from '../../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../../support/virtual-clock.ts';
import type { Recorder } from '../../recorder.ts';
import type { AwsActions } from '../aws-call.ts';
import { checkSend, type SendInput } from './check-send.ts';
import { createFakeQueue, type QueueAttributes } from './fake-queue.ts';
import { createMoveTasks } from './move-tasks.ts';
import type { NamedQueue, Queues, Sender, SentResult } from './named-queue.ts';
import type { QueueMessage } from './queue-message.ts';
import { createSqsActions } from './sqs-actions.ts';

export interface FakeSqs extends Queues {
  readonly actions: AwsActions;
  /** True while a redrive of SQS's own runs. */
  isMoving(): boolean;
}

export interface FakeSqsDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
}

const DEDUPLICATION_MS = 5 * 60_000;

/** SQS: its queues, and what can be asked of them. */
export function createFakeSqs(deps: FakeSqsDeps): FakeSqs {
  const { clock, random, recorder } = deps;
  const queues = new Map<string, NamedQueue>();
  const sent = new Map<string, SentResult & { readonly sentMs: number }>();
  let handles = 0;
  let sequence = 0;

  const sqs: Queues = {
    createQueue,
    deleteQueue: (url) => void queues.delete(url),
    find: (urlOrArn) => queues.get(urlOrArn) ?? [...queues.values()].find(({ arn }) => arn === urlOrArn),
    all: () => queues.values(),
    send,
    putBack,
  };
  const tasks = createMoveTasks(sqs, clock);
  return { ...sqs, isMoving: tasks.isRunning, actions: createSqsActions(sqs, tasks, clock) };

  function createQueue(name: string, settings: Readonly<Record<string, string>>): NamedQueue {
    const policy = JSON.parse(settings.RedrivePolicy ?? '{}');
    const waiting = new Set<() => void>();
    const changed = () => {
      named.onChange();
      for (const wake of waiting) wake();
      waiting.clear();
    };
    const named: NamedQueue = {
      name,
      url: `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`,
      arn: `arn:aws:sqs:eu-west-1:123456789012:${name}`,
      watchedAs: name.endsWith('-sessions.fifo')
        ? 'sessions'
        : name.endsWith('-dlq.fifo')
          ? 'sessions-dlq'
          : undefined,
      deadLetterArn: policy.deadLetterTargetArn,
      isDeduplicatedByGroup: settings.DeduplicationScope === 'messageGroup',
      settings,
      onChange: () => {},
      untilChange: () => new Promise((resolve) => void waiting.add(resolve)),
      queue: createFakeQueue(
        toAttributes(settings, Number(policy.maxReceiveCount ?? Number.POSITIVE_INFINITY)),
        {
          nowMs: clock.nowMs,
          nextHandle: () => `handle-${++handles}`,
          events: {
            received: (message) => tell('message-received', named, message),
            deleted: (message) => tell('message-deleted', named, message),
            expired: (message) => tell('message-expired', named, message),
            gaveUp: (message) => giveUp(named, message),
            changed,
          },
        },
      ),
    };
    queues.set(named.url, named);
    return named;
  }

  function tell(
    type: 'message-received' | 'message-deleted' | 'message-dead-lettered' | 'message-expired',
    { watchedAs }: NamedQueue,
    { messageId, body, receiveCount }: QueueMessage,
  ): void {
    if (watchedAs) recorder.note({ type, queue: watchedAs, messageId, body, receiveCount });
  }

  function giveUp(from: NamedQueue, message: QueueMessage): boolean {
    const to = from.deadLetterArn === undefined ? undefined : sqs.find(from.deadLetterArn);
    if (!to) return false;
    tell('message-dead-lettered', from, message);
    // A FIFO queue restarts the retention of a dead letter.
    const sentMs = to.queue.attributes.isFifo ? clock.nowMs() : message.sentMs;
    to.queue.add({ ...message, sentMs, sourceArn: from.arn }, { delaySeconds: 0 });
    return true;
  }

  function send(to: NamedQueue, input: SendInput, { by, deliveryId }: Sender): SentResult {
    const { isFifo, delaySeconds } = to.queue.attributes;
    checkSend(input, isFifo);
    const {
      MessageBody: body = '',
      MessageGroupId: groupId,
      MessageDeduplicationId: deduplicationId,
    } = input;
    const scope = to.isDeduplicatedByGroup ? groupId : '';
    const key = isFifo ? `${to.url}\n${scope}\n${deduplicationId}` : undefined;
    const twin = key === undefined ? undefined : sent.get(key);
    const isDuplicate = twin !== undefined && clock.nowMs() - twin.sentMs < DEDUPLICATION_MS;
    const result = isDuplicate ? twin : toNewIds(isFifo);

    if (to.watchedAs === 'sessions') {
      const { messageId } = result;
      const delivery = deliveryId === undefined ? {} : { deliveryId };
      recorder.note({ type: 'message-sent', messageId, body, isDuplicate, by, ...delivery });
    }
    if (isDuplicate) return result;
    if (key !== undefined) sent.set(key, { ...result, sentMs: clock.nowMs() });
    const stored = toStored({ ...result, body, groupId, deduplicationId }, input.MessageAttributes);
    to.queue.add(stored, { delaySeconds: input.DelaySeconds ?? delaySeconds });
    return result;
  }

  function toStored(
    message: Pick<QueueMessage, 'messageId' | 'sequenceNumber' | 'body' | 'groupId' | 'deduplicationId'>,
    messageAttributes: QueueMessage['messageAttributes'],
  ): QueueMessage {
    const { messageId, sequenceNumber, body, groupId, deduplicationId } = message;
    return {
      ...{ messageId, sequenceNumber, body, groupId, deduplicationId, messageAttributes },
      ...{ sentMs: clock.nowMs(), receiveCount: 0, firstReceivedMs: undefined, sourceArn: undefined },
    };
  }

  function putBack(to: NamedQueue, message: QueueMessage): void {
    const { body, groupId, deduplicationId, messageAttributes } = message;
    const ids = toNewIds(to.queue.attributes.isFifo);
    if (to.watchedAs === 'sessions')
      recorder.note({
        type: 'message-sent',
        messageId: ids.messageId,
        body,
        isDuplicate: false,
        by: 'redrive',
      });
    const stored = toStored({ ...ids, body, groupId, deduplicationId }, messageAttributes);
    to.queue.add(stored, { delaySeconds: to.queue.attributes.delaySeconds });
  }

  function toNewIds(isFifo: boolean): SentResult {
    sequence += 1;
    return {
      messageId: random.uuid(),
      sequenceNumber: isFifo ? String(18_849_496_460_467_696_128n + BigInt(sequence) * 256n) : undefined,
    };
  }
}

function toAttributes(settings: Readonly<Record<string, string>>, maxReceiveCount: number): QueueAttributes {
  return {
    isFifo: settings.FifoQueue === 'true',
    delaySeconds: Number(settings.DelaySeconds ?? 0),
    visibilitySeconds: Number(settings.VisibilityTimeout ?? 30),
    retentionSeconds: Number(settings.MessageRetentionPeriod ?? 345_600),
    maxReceiveCount,
  };
}
