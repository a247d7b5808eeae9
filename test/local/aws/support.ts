import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { type EmbeddedAwsOptions, startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';

export type LocalAws = Awaited<ReturnType<typeof startLocalAws>>;

/** The embedded AWS as local mode starts it, with clients and short forms of what tests do with queues. */
export async function startLocalAws(options: EmbeddedAwsOptions = {}) {
  const aws = await startEmbeddedAws(options);
  const clients = createLocalAwsClients(aws.endpoints, aws.region);
  const { sqs } = clients;

  return {
    aws,
    ...clients,
    async createQueue(name: string, Attributes: Record<string, string> = {}) {
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
      return QueueUrl;
    },
    async findUrl(QueueName: string) {
      return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
    },
    async createFifoQueue(attributes: Record<string, string> = {}) {
      const name = `test-${randomUUID()}.fifo`;
      return this.createQueue(name, {
        FifoQueue: 'true',
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
        ...attributes,
      });
    },
    /** Sends `id` as body and deduplication id. */
    async send(QueueUrl: string, group: string, id: string = randomUUID()) {
      const command = { QueueUrl, MessageBody: id, MessageGroupId: group, MessageDeduplicationId: id };
      return sqs.send(new SendMessageCommand(command));
    },
    async receive(QueueUrl: string, maximum = 10, WaitTimeSeconds = 0): Promise<Message[]> {
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
    },
    /** A long poll that ends when the caller hangs up. */
    async receiveUntil(QueueUrl: string, abortSignal: AbortSignal): Promise<void> {
      const command = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
      await sqs.send(command, { abortSignal }).catch(() => {});
    },
    async sendPlain(QueueUrl: string, MessageBody: string) {
      return sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    async setDelay(QueueUrl: string, seconds: number) {
      const Attributes = { DelaySeconds: String(seconds) };
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    },
    async purge(QueueUrl: string) {
      await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    },
    async delete(QueueUrl: string, { ReceiptHandle }: Message) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    async hide(QueueUrl: string, { ReceiptHandle }: Message, VisibilityTimeout: number) {
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
    },
    async attributesOf(QueueUrl: string): Promise<Record<string, string>> {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
      return (await sqs.send(command)).Attributes ?? {};
    },
    async stop() {
      clients.destroy();
      await aws.stop();
    },
  };
}

export function bodiesOf(messages: readonly Message[]): (string | undefined)[] {
  return messages.map(({ Body }) => Body);
}
