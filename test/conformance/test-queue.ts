import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import type { ConformanceTarget } from './behaviour.ts';

export type TestQueue = Awaited<ReturnType<typeof makeQueue>>;

/** A standard queue of its own, with short forms of what the behaviours do with it. */
export async function makeQueue(
  { sqs, name, onEnd, patienceSeconds }: ConformanceTarget,
  Attributes: Record<string, string> = {},
) {
  const QueueName = name('queue') + (Attributes.FifoQueue === 'true' ? '.fifo' : '');
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  onEnd(() => sqs.send(new DeleteQueueCommand({ QueueUrl })));

  async function receiveFor(WaitTimeSeconds: number, maximum: number): Promise<Message[]> {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: maximum,
        WaitTimeSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  return {
    url: QueueUrl,
    async arn() {
      return (await this.attributes()).QueueArn ?? '';
    },
    async attributes(): Promise<Record<string, string>> {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
      return (await sqs.send(command)).Attributes ?? {};
    },
    async setAttributes(changes: Record<string, string>) {
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: changes }));
    },
    send: (message: Omit<SendMessageCommandInput, 'QueueUrl'>) =>
      sqs.send(new SendMessageCommand({ QueueUrl, ...message })),
    /** Sends `id` as the body and the deduplication id. */
    sendTo(group: string, id: string) {
      return this.send({ MessageBody: id, MessageGroupId: group, MessageDeduplicationId: id });
    },
    /** What is there, given a moment to be there. */
    receive: (maximum = 10) => receiveFor(patienceSeconds, maximum),
    receiveFor,
    async bodies(maximum = 10) {
      return (await this.receive(maximum)).map(({ Body }) => Body);
    },
    delete: ({ ReceiptHandle }: Message) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
    hide: ({ ReceiptHandle }: Message, VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
  };
}

/** A FIFO queue as the pipeline's are, but for what `attributes` changes. */
export function makeFifoQueue(target: ConformanceTarget, attributes: Record<string, string> = {}) {
  return makeQueue(target, {
    FifoQueue: 'true',
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
    ...attributes,
  });
}

/** The first of a list that must not be empty. */
export function first<Item>(items: readonly Item[]): Item {
  return existing(items[0]);
}

export function existing<Item>(item: Item | undefined): Item {
  if (item === undefined) throw new Error('Nothing was received');
  return item;
}
