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
import type { VirtualClock } from '../../../../support/virtual-clock.ts';
import type { AwsActions, AwsCall } from '../aws-call.ts';
import { toAwsError } from '../aws-error.ts';
import type { MoveTasks } from './move-tasks.ts';
import type { NamedQueue, Queues, Sender } from './named-queue.ts';
import { toSdkMessage } from './to-sdk-message.ts';

/** What a client can ask of the queues. */
export function createSqsActions(sqs: Queues, tasks: MoveTasks, clock: VirtualClock): AwsActions {
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
      Attributes: toAttributes(existing(QueueUrl)),
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

function toAttributes({ arn, queue, settings }: NamedQueue): Record<string, string> {
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
