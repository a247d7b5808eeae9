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
import type { LocalAwsClients } from '../../lib/local/aws/endpoints.ts';

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

/** What the behaviours are tried on: the embedded AWS, or a real account. */
export interface ConformanceTarget extends LocalAwsClients {
  /** Lets time go by: at once on the embedded AWS, whose clock is turned; by waiting on a real one. */
  pass(seconds: number): Promise<void>;
  /** How long a receive waits for what should be there: a real queue may need a moment. */
  readonly patienceSeconds: number;
  /** Longer than this is not waited for: a behaviour that needs more is left out. */
  readonly longestPassSeconds: number;
  /** A name that no other run has used, for a resource that is deleted at the end. */
  name(base: string): string;
  /** Registers what is to be undone at the end. */
  onEnd(undo: () => Promise<unknown>): void;
}

/** Rules of AWS that the pipeline relies on, by their titles. docs/local-aws.md says how to run them. */
export type Behaviours = Readonly<Record<string, Behaviour>>;

interface Behaviour {
  (target: ConformanceTarget): Promise<void>;
  /** The longest time that it lets go by. */
  readonly passesSeconds?: number;
}

export function passing(passesSeconds: number, run: Behaviour): Behaviour {
  return Object.assign((target: ConformanceTarget) => run(target), { passesSeconds });
}

/** One that needs something of its own. */
export function having<Thing>(
  make: (target: ConformanceTarget) => Promise<Thing>,
  run: (thing: Thing, target: ConformanceTarget) => Promise<void>,
): Behaviour {
  return async (target) => run(await make(target), target);
}

type QueueBehaviour = (queue: TestQueue, target: ConformanceTarget) => Promise<void>;

export const withQueue = (run: QueueBehaviour): Behaviour => having(makeQueue, run);
export const withFifo = (run: QueueBehaviour): Behaviour => having(makeFifoQueue, run);
