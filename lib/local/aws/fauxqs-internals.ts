import type { BuildAppOptions } from 'fauxqs';

/**
 * The one door to what fauxqs 2.4.1 does not export. Its public `startFauxqs` listens on all interfaces and cannot be
 * mended; its `buildApp` takes the stores, whose classes are files of the package. A test fails when they change.
 */
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

// The pinned version has these exports; fauxqs-internals.test.ts checks each that is used here.
export const {
  SqsStore,
  SqsQueue,
  SnsStore,
  S3Store,
  PersistenceManager,
  SETTABLE_ATTRIBUTES,
  INVALID_MESSAGE_BODY_CHAR,
} = Object.assign({}, ...parts) as Internals;
