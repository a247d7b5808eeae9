import type { Clock } from '../../clock.ts';
import { explainForeignRequest, limitServer } from '../http-server.ts';
import {
  buildApp,
  type FauxqsApp,
  INVALID_MESSAGE_BODY_CHAR,
  openPersistence,
  readSqsRequest,
  S3Store,
  SETTABLE_ATTRIBUTES,
  type SnsStore,
  sendSqsError,
} from './fauxqs-internals.ts';
import { EmbeddedSnsStore } from './sns.ts';
import { toContentDeduplicationId, toDeduplicationKey } from './sqs/deduplication.ts';
import { type MessageLog, openMessageLog } from './sqs/message-log.ts';
import { serveMoveTasks } from './sqs/move-tasks.ts';
import { type EmbeddedQueue, EmbeddedSqsStore } from './sqs/queue.ts';

export interface LocalServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
}

interface FauxqsOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly dataDir?: string;
}

/** Starts SQS, SNS and S3 (fauxqs) on 127.0.0.1, in memory or in the existing folder `dataDir`. */
export async function startFauxqs({ port, clock, dataDir }: FauxqsOptions): Promise<LocalServer> {
  const log = dataDir === undefined ? undefined : openMessageLog(dataDir);
  const stores = {
    sqsStore: new EmbeddedSqsStore({ clock, log }),
    snsStore: new EmbeddedSnsStore(),
    s3Store: new S3Store(),
  };
  const closeData = dataDir === undefined ? () => {} : keepIn(dataDir, stores, log);
  const app = buildApp({ logger: false, stores });
  guardRequests(app);
  limitServer(app.server);
  mendSettableAttributes();
  mendMessageCharacters();
  mendDeduplicationScope(app, stores.sqsStore);
  mendExpiredHandles(app, stores.sqsStore);
  mendAbandonedReceives(app, stores.sqsStore);
  serveMoveTasks(app, stores.sqsStore, clock);
  mendConditionalPuts(app, stores.s3Store);
  mendObjectSize(app);

  const url = await listen(app, port, closeData);
  stores.sqsStore.rebaseUrls(url);
  return {
    url,
    async stop() {
      await app.close();
      closeData();
    },
  };
}

interface Stores {
  readonly sqsStore: EmbeddedSqsStore;
  readonly snsStore: SnsStore;
  readonly s3Store: S3Store;
}

/** Loads what the folder holds and keeps every change in it. Returns the function that closes its files. */
function keepIn(dataDir: string, { sqsStore, snsStore, s3Store }: Stores, log: MessageLog | undefined) {
  const persistence = openPersistence(dataDir);
  // Before the stores know it: loading creates the queues again, which would write them again.
  persistence.load(sqsStore, snsStore, s3Store);
  sqsStore.persistence = persistence;
  snsStore.persistence = persistence;
  s3Store.persistence = persistence;
  for (const queue of sqsStore.allQueues()) queue.persistence = persistence;
  return () => {
    persistence.close();
    log?.close();
  };
}

async function listen(app: FauxqsApp, port: number, closeData: () => void): Promise<string> {
  try {
    return await app.listen({ port, host: '127.0.0.1' });
  } catch (error) {
    closeData();
    throw error;
  }
}

function guardRequests(app: FauxqsApp): void {
  app.addHook('onRequest', async (request, reply) => {
    const foreign = explainForeignRequest(request.headers);
    return foreign === undefined ? undefined : reply.code(403).type('text/plain').send(foreign.reason);
  });
}

/**
 * Lets message bodies have what SQS allows beyond the 65,536 first characters (emoji). fauxqs looks at halves of such a
 * character; its expression is changed in place, because its handlers hold this very object.
 */
function mendMessageCharacters(): void {
  INVALID_MESSAGE_BODY_CHAR.compile('[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]', 'u');
}

/** fauxqs knows these two attributes of FIFO queues at creation alone; SQS lets them be set later too. */
function mendSettableAttributes(): void {
  SETTABLE_ATTRIBUTES.add('DeduplicationScope');
  SETTABLE_ATTRIBUTES.add('FifoThroughputLimit');
}

interface SendEntry {
  MessageBody?: unknown;
  MessageGroupId?: unknown;
  MessageDeduplicationId?: unknown;
}

// SQS: both ids have up to 128 letters, digits and punctuation of ASCII.
const FIFO_ID = /^[!-~]{1,128}$/;

/**
 * Lets fauxqs deduplicate within a group where the queue says `DeduplicationScope: messageGroup`, by giving it a key that
 * holds both ids; and refuses ids that SQS would refuse, which also keeps such a key from being sent by a client.
 */
function mendDeduplicationScope(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('preHandler', async (request, reply) => {
    const sqs = readSqsRequest(request);
    if (sqs?.action !== 'SendMessage' && sqs?.action !== 'SendMessageBatch') return undefined;
    const queue = store.findQueue(String(sqs.parameters.QueueUrl));
    if (!queue?.isFifo()) return undefined;

    for (const entry of toEntries(sqs.parameters)) {
      const badName = findBadId(entry);
      if (badName !== undefined) {
        return sendSqsError(reply, 'InvalidParameterValue', `Value for parameter ${badName} is invalid.`);
      }
      scopeToGroup(entry, queue);
    }
    return undefined;
  });
}

function toEntries(parameters: Record<string, unknown>): SendEntry[] {
  const entries = parameters.Entries ?? [parameters];
  return Array.isArray(entries) ? entries : [];
}

function findBadId({ MessageGroupId, MessageDeduplicationId }: SendEntry): string | undefined {
  const ids = Object.entries({ MessageGroupId, MessageDeduplicationId });
  return ids.find(([, id]) => id !== undefined && !FIFO_ID.test(String(id)))?.[0];
}

function scopeToGroup(entry: SendEntry, { attributes }: EmbeddedQueue): void {
  if (attributes.DeduplicationScope !== 'messageGroup' || entry.MessageGroupId === undefined) return;
  if (attributes.ContentBasedDeduplication === 'true') {
    entry.MessageDeduplicationId ??= toContentDeduplicationId(String(entry.MessageBody));
  }
  if (entry.MessageDeduplicationId === undefined) return; // fauxqs refuses it.
  entry.MessageDeduplicationId = toDeduplicationKey(
    String(entry.MessageDeduplicationId),
    String(entry.MessageGroupId),
  );
}

/** Lets every request see the queue as it is now: fauxqs notices only on a receive that a visibility has run out. */
function mendExpiredHandles(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('preHandler', async (request) => {
    const url = readSqsRequest(request)?.parameters.QueueUrl;
    if (typeof url === 'string') store.findQueue(url)?.processTimers();
  });
}

/**
 * A long poll goes on in fauxqs after its caller hung up, and takes messages for nobody, which hides them for as long as
 * the queue's visibility timeout. Here they go back at once, as if they had not been received.
 */
function mendAbandonedReceives(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const sqs = readSqsRequest(request);
    if (sqs?.action !== 'ReceiveMessage' || typeof payload !== 'string') return;
    const queue = store.findQueue(String(sqs.parameters.QueueUrl));
    const handles = toReceiptHandles(payload);
    if (queue === undefined || handles.length === 0) return;

    if (request.raw.socket.destroyed) queue.takeBack(handles);
    else reply.raw.once('close', () => reply.raw.writableFinished || queue.takeBack(handles));
  });
}

function toReceiptHandles(payload: string): string[] {
  // The payload is fauxqs's answer to ReceiveMessage, or an error, which has no messages.
  const { Messages = [] } = JSON.parse(payload) as { Messages?: { ReceiptHandle: string }[] };
  return Messages.map(({ ReceiptHandle }) => ReceiptHandle);
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const PRECONDITION_FAILED: Refusal = {
  status: 412,
  code: 'PreconditionFailed',
  message: 'At least one of the pre-conditions you specified did not hold',
};

const NO_SUCH_KEY: Refusal = {
  status: 404,
  code: 'NoSuchKey',
  message: 'The specified key does not exist.',
};

/** fauxqs ignores the conditions of a PutObject; S3 holds `If-None-Match: *` and `If-Match: ETAG`. */
function mendConditionalPuts(app: FauxqsApp, store: S3Store): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'PUT') return undefined;
    // The routes of objects have these two parameters, all others do not.
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string };
    if (!bucket || !key || !store.hasBucket(bucket)) return undefined;

    const refusal = checkConditions(findEtag(store, bucket, key), request.headers);
    if (refusal === undefined) return undefined;
    return reply.code(refusal.status).type('application/xml').send(toXml(refusal));
  });
}

function checkConditions(
  etag: string | undefined,
  headers: Readonly<Record<string, unknown>>,
): Refusal | undefined {
  const ifMatch = headers['if-match'];
  if (headers['if-none-match'] === '*' && etag !== undefined) return PRECONDITION_FAILED;
  if (ifMatch === undefined) return undefined;
  if (etag === undefined) return NO_SUCH_KEY;
  return unquote(String(ifMatch)) === unquote(etag) ? undefined : PRECONDITION_FAILED;
}

function findEtag(store: S3Store, bucket: string, key: string): string | undefined {
  try {
    return store.headObject(bucket, key).etag;
  } catch {
    return undefined; // It has no other way to say that there is no such object.
  }
}

function unquote(etag: string): string {
  return etag.replaceAll('"', '');
}

function toXml({ code, message }: Refusal): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

// An archived conversation may be larger than the 11 MiB of fauxqs; S3's own limit of one PUT is 5 GiB.
const BODY_LIMIT = 256 * 1024 * 1024;

/** Lets objects be larger than fauxqs allows. Its parser for them takes any content type that no other takes. */
function mendObjectSize(app: FauxqsApp): void {
  app.removeContentTypeParser('*');
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    done(null, body);
  });
}
