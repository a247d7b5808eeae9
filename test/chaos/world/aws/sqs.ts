import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityCommandInput,
  CreateQueueCommandInput,
  DeleteMessageBatchCommandInput,
  DeleteMessageCommandInput,
  GetQueueAttributesCommandInput,
  ListDeadLetterSourceQueuesCommandInput,
  ReceiveMessageCommandInput,
  SendMessageBatchCommandInput,
  SendMessageCommandInput,
  SetQueueAttributesCommandInput,
} from '@aws-sdk/client-sqs';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Part } from '../recorder.ts';
import { type AwsActions, type AwsCall, toAwsError } from './call.ts';
import { createMoveTasks, type MoveTasks } from './move-tasks.ts';
import {
  checkSend,
  createFakeQueue,
  type NamedQueue,
  type QueueAttributes,
  type QueueMessage,
  type Queues,
  type Sender,
  type SendInput,
  type SentResult,
  toSdkMessage,
} from './queue.ts';

export interface FakeSqs extends Queues {
  readonly actions: AwsActions;
  /** True while a redrive of SQS's own runs. */
  isMoving(): boolean;
}

const DEDUPLICATION_MS = 5 * 60_000;

/** SQS: its queues, and what can be asked of them. */
export function createFakeSqs({ clock, random, recorder }: Part): FakeSqs {
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

/** What a client can ask of the queues. */
function createSqsActions(sqs: Queues, tasks: MoveTasks, clock: VirtualClock): AwsActions {
  function existing(url: string | undefined): NamedQueue {
    const named = sqs.find(url ?? '');
    if (!named) throw toAwsError('QueueDoesNotExist', 400);
    return named;
  }

  function hide(input: HideInput, { queue }: NamedQueue) {
    if (!queue.hide(input.ReceiptHandle ?? '', input.VisibilityTimeout ?? 0))
      throw toAwsError('MessageNotInflight', 400);
    return {};
  }

  async function receive(input: ReceiveMessageCommandInput) {
    const named = existing(input.QueueUrl);
    const untilMs = clock.nowMs() + (input.WaitTimeSeconds ?? 0) * 1000;
    while (true) {
      const received = named.queue.receive(input.MaxNumberOfMessages ?? 1, input.VisibilityTimeout);
      if (received.length > 0) return { Messages: received.map((entry) => toSdkMessage(entry, input)) };
      if (clock.nowMs() >= untilMs) return {};
      await Promise.race([named.untilChange(), clock.sleep(Math.min(1000, untilMs - clock.nowMs()))]);
    }
  }

  return {
    CreateQueue: ({ QueueName = '', Attributes = {} }: CreateQueueCommandInput) => ({
      QueueUrl: sqs.createQueue(QueueName, Attributes).url,
    }),
    DeleteQueue: ({ QueueUrl = '' }: { QueueUrl?: string }) => sqs.deleteQueue(QueueUrl),
    GetQueueUrl({ QueueName }: { QueueName?: string }) {
      const named = [...sqs.all()].find(({ name }) => name === QueueName);
      if (!named) throw toAwsError('QueueDoesNotExist', 400);
      return { QueueUrl: named.url };
    },
    GetQueueAttributes: ({ QueueUrl }: GetQueueAttributesCommandInput) => ({
      Attributes: toAttributeTexts(existing(QueueUrl)),
    }),
    SetQueueAttributes({ QueueUrl, Attributes = {} }: SetQueueAttributesCommandInput) {
      if (Attributes.DelaySeconds !== undefined)
        existing(QueueUrl).queue.setDelay(Number(Attributes.DelaySeconds));
      return {};
    },

    SendMessage(input: SendMessageCommandInput, call: AwsCall) {
      const { messageId, sequenceNumber } = sqs.send(existing(input.QueueUrl), input, toSender(call));
      return { MessageId: messageId, ...(sequenceNumber && { SequenceNumber: sequenceNumber }) };
    },
    SendMessageBatch: ({ QueueUrl, Entries }: SendMessageBatchCommandInput, call: AwsCall) =>
      each(Entries, (entry) => {
        const { messageId, sequenceNumber } = sqs.send(existing(QueueUrl), entry, toSender(call));
        return { MessageId: messageId, ...(sequenceNumber && { SequenceNumber: sequenceNumber }) };
      }),

    ReceiveMessage: receive,
    DeleteMessage({ QueueUrl, ReceiptHandle = '' }: DeleteMessageCommandInput) {
      existing(QueueUrl).queue.delete(ReceiptHandle);
      return {};
    },
    DeleteMessageBatch: ({ QueueUrl, Entries }: DeleteMessageBatchCommandInput) =>
      each(Entries, ({ ReceiptHandle = '' }) => {
        existing(QueueUrl).queue.delete(ReceiptHandle);
        return {};
      }),
    ChangeMessageVisibility: (input: ChangeMessageVisibilityCommandInput) =>
      hide(input, existing(input.QueueUrl)),
    ChangeMessageVisibilityBatch: ({ QueueUrl, Entries }: ChangeMessageVisibilityBatchCommandInput) =>
      each(Entries, (entry) => hide(entry, existing(QueueUrl))),

    StartMessageMoveTask: tasks.start,
    ListMessageMoveTasks: tasks.list,
    CancelMessageMoveTask: tasks.cancel,
    ListDeadLetterSourceQueues({ QueueUrl }: ListDeadLetterSourceQueuesCommandInput) {
      const { arn } = existing(QueueUrl);
      return {
        queueUrls: [...sqs.all()].filter(({ deadLetterArn }) => deadLetterArn === arn).map(({ url }) => url),
      };
    },
  };
}

function toSender({ instance, deliveryId }: AwsCall): Sender {
  return instance.role === 'webhook' ? { by: 'webhook', deliveryId } : { by: 'redrive' };
}

function toAttributeTexts({ arn, queue, settings }: NamedQueue): Record<string, string> {
  const { waiting, delayed, inFlight } = queue.count();
  return {
    ...settings,
    QueueArn: arn,
    DelaySeconds: String(queue.attributes.delaySeconds),
    VisibilityTimeout: String(queue.attributes.visibilitySeconds),
    MessageRetentionPeriod: String(queue.attributes.retentionSeconds),
    ApproximateNumberOfMessages: String(waiting),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
  };
}

/** HTTP 200 with what succeeded and what did not. */
function each<Entry extends { readonly Id?: string | undefined }>(
  entries: readonly Entry[] | undefined,
  act: (entry: Entry) => object,
) {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries ?? []) {
    try {
      Successful.push({ Id: entry.Id, ...act(entry) });
    } catch (error) {
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error instanceof Error ? error.name : 'Error' });
    }
  }
  return { Successful, Failed };
}

interface HideInput {
  readonly ReceiptHandle: string | undefined;
  readonly VisibilityTimeout?: number | undefined;
}
