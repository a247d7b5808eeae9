import type { HistoryEvent } from '../history.ts';
import type { Terms } from '../terms.ts';
import { aConversation, aPage, aRecord, SESSION_ID, WEBSITE_ID } from './a-record.ts';
import type { Steps } from './steps.ts';

/** A bucket begins here. */
export const START_MS = 1_790_856_000_000;

export const TERMS: Terms = {
  coalesceSeconds: 60,
  requestsPerSecond: 10,
  consumerInstances: 1,
  receiveLimit: 20,
  maxAttempts: 5,
  visibilityTimeoutMs: 3_600_000,
  functionTimeoutMs: 600_000,
  transitJitterMs: 0,
  tapPropagationMs: 60_000,
  secrets: ['not-a-real-secret-4711'],
  canaries: ['canary@example.com'],
};

export interface StoryOptions {
  /** Tells apart the names of the steps, and the ids, of several stories; '' by default. */
  readonly suffix?: string;
  readonly sessionId?: string;
  /** When the delivery comes; the message is received 72 s later. */
  readonly startMs?: number;
  readonly fingerprints?: readonly number[];
  readonly receiveCount?: number;
  readonly instance?: string;
}

/** One message of a conversation, from Crisp's hook to the acknowledged message: nothing is wrong with it. */
export function aStory(options: StoryOptions = {}): Steps {
  return named(options.suffix ?? '', { ...aDelivery(options), ...aReceive(options) });
}

/** Only the way into the queue: `changed`, `delivered`, `sent`, `answered`. */
export function aDelivery(options: StoryOptions = {}): Record<string, HistoryEvent> {
  const { suffix = '', sessionId = SESSION_ID, startMs = START_MS, fingerprints = [1] } = options;
  const ids = { deliveryId: `delivery${suffix}`, eventId: `event${suffix}` };
  const messageId = `message${suffix}`;
  const fingerprint = fingerprints.at(-1) ?? 0;
  const sessionKey = `${WEBSITE_ID}:${sessionId}`;
  return {
    changed: { type: 'crisp-changed', atMs: startMs, sessionKey, fingerprints },
    delivered: {
      type: 'hook-delivered',
      atMs: startMs + 1,
      ...ids,
      websiteId: WEBSITE_ID,
      sessionId,
      event: 'message:send',
      fingerprint,
      isGenuine: true,
    },
    sent: {
      type: 'message-sent',
      atMs: startMs + 2,
      messageId,
      body: aBody(options),
      isDuplicate: false,
      by: 'webhook',
      deliveryId: ids.deliveryId,
    },
    answered: {
      type: 'hook-answered',
      atMs: startMs + 3,
      ...ids,
      status: 202,
      body: JSON.stringify({ status: 'queued', message_id: messageId }),
    },
  };
}

/** Only the way out: `received`, `conversation`, `messages`, `put`, `notice`, `record`, `batch`, `deleted`. */
export function aReceive(options: StoryOptions = {}): Record<string, HistoryEvent> {
  const { suffix = '', sessionId = SESSION_ID, startMs = START_MS, fingerprints = [1] } = options;
  const { instance = 'consumer-1', receiveCount = 1 } = options;
  const fetchMs = startMs + 72_010;
  const message = { queue: 'sessions', messageId: `message${suffix}`, receiveCount } as const;
  const body = aBody(options);
  const record = aRecord({ version: fetchMs, fingerprints, sessionId });
  const path = `/v1/website/${WEBSITE_ID}/conversation/${sessionId}`;
  const answer = {
    type: 'crisp-answered',
    by: 'consumer',
    instance,
    sessionKey: `${WEBSITE_ID}:${sessionId}`,
    status: 200,
  } as const;
  return {
    received: { type: 'message-received', atMs: startMs + 72_000, ...message, body },
    conversation: {
      ...answer,
      atMs: fetchMs,
      endedMs: fetchMs + 5,
      route: 'website/conversation',
      path,
      body: aConversation({ sessionId }),
    },
    messages: {
      ...answer,
      atMs: fetchMs + 1,
      endedMs: fetchMs + 6,
      route: 'website/conversation/messages',
      path: `${path}/messages`,
      body: aPage(fingerprints),
    },
    put: {
      type: 'object-put',
      atMs: fetchMs + 10,
      key: `records/${WEBSITE_ID}/${sessionId}/${fetchMs}.json`,
      body: record,
    },
    notice: { type: 'notice-published', atMs: fetchMs + 20, body: record },
    record: { type: 'record-delivered', atMs: fetchMs + 25, body: record },
    batch: {
      type: 'batch-answered',
      atMs: fetchMs + 30,
      instance,
      messageIds: [message.messageId],
      failedIds: [],
    },
    deleted: { type: 'message-deleted', atMs: fetchMs + 31, ...message, body },
  };
}

/** The body of the story's message. */
export function aBody({ sessionId = SESSION_ID, startMs = START_MS }: StoryOptions = {}): string {
  const bucketMs = Math.floor(startMs / 60_000) * 60_000;
  const job = { v: 1, websiteId: WEBSITE_ID, sessionId, mode: 'incremental', bucketMs };
  return JSON.stringify({ ...job, notBeforeMs: bucketMs + 70_000 });
}

/** The steps, each with the suffix in its name. */
export function named(suffix: string, events: Readonly<Record<string, HistoryEvent>>): Steps {
  return Object.entries(events).map(([name, event]) => [`${name}${suffix}`, event]);
}
