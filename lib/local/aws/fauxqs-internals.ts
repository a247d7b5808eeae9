import type { IncomingHttpHeaders } from 'node:http';
import { type BuildAppOptions, buildApp } from 'fauxqs';

/**
 * The one door to fauxqs 2.4.1: nothing else imports the package or reaches what it hides. Its public `startFauxqs`
 * listens on all interfaces and cannot be mended; its `buildApp` takes the stores, whose classes are files of the package.
 * A test fails when they change.
 */
export { buildApp };

type Stores = NonNullable<BuildAppOptions['stores']>;

export type SqsStore = Stores['sqsStore'];
export type SnsStore = Stores['snsStore'];
export type S3Store = Stores['s3Store'];
export type SqsQueue = ReturnType<SqsStore['createQueue']>;
export type SqsMessage = Parameters<SqsQueue['enqueue']>[0];
export type ReceivedMessage = ReturnType<SqsQueue['dequeue']>[number];
export type PersistenceManager = NonNullable<SqsStore['persistence']>;

interface Internals {
  readonly SqsStore: new () => SqsStore;
  readonly SqsQueue: new (...args: Parameters<SqsStore['createQueue']>) => SqsQueue;
  readonly SnsStore: new () => SnsStore;
  readonly S3Store: new () => S3Store;
  readonly PersistenceManager: new (dataDir: string) => PersistenceManager;
  /** The names that SetQueueAttributes accepts. */
  readonly SETTABLE_ATTRIBUTES: Set<string>;
  /** Finds a character that a message body may not have. */
  readonly INVALID_MESSAGE_BODY_CHAR: RegExp;
}

const PARTS = ['sqs/sqsStore.js', 'sqs/sqsTypes.js', 'sns/snsStore.js', 's3/s3Store.js', 'persistence.js'];

const entry = import.meta.resolve('fauxqs');
const parts = await Promise.all(PARTS.map((path) => import(new URL(path, entry).href)));

// The pinned version has these exports; fauxqs.test.ts checks each that is used here.
export const {
  SqsStore,
  SqsQueue,
  SnsStore,
  S3Store,
  PersistenceManager,
  SETTABLE_ATTRIBUTES,
  INVALID_MESSAGE_BODY_CHAR,
} = Object.assign({}, ...parts) as Internals;

/** The emulator's HTTP server: a Fastify instance, to which hooks and routes can be added. */
export type FauxqsApp = ReturnType<typeof buildApp>;

// biome-ignore-start lint/complexity/useLiteralKeys: the index reaches what the classes call private
/** Puts a queue where the store finds it, under the URL that it has now. */
export function registerQueue(store: SqsStore, queue: SqsQueue, formerUrl = queue.url): void {
  store['queues'].delete(formerUrl);
  store['queues'].set(queue.url, queue);
  store['queuesByName'].set(queue.name, queue);
  store['queuesByArn'].set(queue.arn, queue);
}

/** Opens the files that keep queues, topics and objects: as durable as the log of messages, and not slow. */
export function openPersistence(dataDir: string): PersistenceManager {
  const persistence = new PersistenceManager(dataDir);
  persistence['db'].exec('PRAGMA synchronous = NORMAL');
  return persistence;
}
// biome-ignore-end lint/complexity/useLiteralKeys: as above

/** The action and the parameters of a request to SQS; undefined for a request to another service. */
export interface SqsRequest {
  readonly action: string;
  readonly parameters: Record<string, unknown>;
}

const TARGET = /^AmazonSQS\.(\w+)$/;

export function readSqsRequest({
  headers,
  body,
}: {
  headers: IncomingHttpHeaders;
  body: unknown;
}): SqsRequest | undefined {
  const action = TARGET.exec(String(headers['x-amz-target']))?.[1];
  if (action === undefined || typeof body !== 'object' || body === null) return undefined;
  // The parser of this content type made it of a JSON object.
  return { action, parameters: body as Record<string, unknown> };
}

interface Reply {
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): Reply;
}

/** Answers with an error in the protocol of SQS, so that the SDK throws it by its name. */
export function sendSqsError(reply: Reply, code: string, message: string): Reply {
  return reply
    .code(400)
    .header('content-type', 'application/x-amz-json-1.0')
    .header('x-amzn-query-error', `AWS.SimpleQueueService.${code};Sender`)
    .send({ __type: `com.amazonaws.sqs#${code}`, message });
}
