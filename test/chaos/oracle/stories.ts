import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { RECORD_SCHEMA_ID } from '../../../lib/record/schema.ts';
import { toEvidence } from './evidence.ts';
import type { History, HistoryEvent, InvariantId, Terms } from './history.ts';
import { INVARIANTS, judge } from './judge.ts';

/** What one invariant says of a history. */
export function check(invariant: InvariantId, steps: Steps, terms: Partial<Terms> = {}): string[] {
  const evidence = toEvidence(toHistory(steps), { ...TERMS, ...terms });
  return INVARIANTS[invariant](evidence).map(({ text }) => text);
}

/** Histories in which a promise is broken, by their titles. */
export function broken(invariant: InvariantId, histories: Histories, terms: Partial<Terms> = {}): void {
  test.each(Object.entries(histories))('broken %s', (_title, steps) => {
    expect(check(invariant, steps, terms)).not.toEqual([]);
  });
}

/** The same for histories in which it is kept. */
export function kept(invariant: InvariantId, histories: Histories, terms: Partial<Terms> = {}): void {
  test.each(Object.entries(histories))('kept %s', (_title, steps) => {
    expect(check(invariant, steps, terms)).toEqual([]);
  });
}

type Histories = Readonly<Record<string, Steps>>;

/** Which invariants say something of a history, each once. */
export function findBroken(steps: Steps, terms: Partial<Terms> = {}): InvariantId[] {
  const { violations } = judge(toHistory(steps), { ...TERMS, ...terms });
  return [...new Set(violations.map(({ invariant }) => invariant))];
}

/** A bucket begins here. */
export const START_MS = 1_790_856_000_000;

/** When the message of the story that begins then is fetched. */
export const FETCH_MS = START_MS + 72_010;

export const TERMS: Terms = {
  coalesceSeconds: 60,
  requestsPerSecond: 10,
  consumerInstances: 1,
  receiveLimit: 20,
  maxAttempts: 5,
  visibilityTimeoutMs: 3_600_000,
  functionTimeoutMs: 600_000,
  transitJitterMs: 0,
  mappingPropagationMs: 60_000,
  secrets: ['not-a-real-secret-4711'],
  canaries: ['canary@example.com'],
};

interface StoryOptions {
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
  const fetchMs = startMs + (FETCH_MS - START_MS);
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
export function named(suffix: string, events: Events): Steps {
  return Object.entries(events).map(([name, event]) => [`${name}${suffix}`, event]);
}

export const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
export const SESSION_ID = 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881';
export const SESSION_KEY = `${WEBSITE_ID}:${SESSION_ID}`;

interface RecordOptions {
  readonly version: number;
  readonly fingerprints: readonly number[];
  readonly sessionId?: string;
  readonly state?: string;
  readonly coversLatest?: boolean;
}

/** The text of a record that says what `aConversation` and `aMessages` say. */
export function aRecord(options: RecordOptions): string {
  const { version, fingerprints, sessionId = SESSION_ID, state = 'pending', coversLatest = true } = options;
  const content = { state, messages: toMessages(fingerprints), profile: null };
  return JSON.stringify({
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.enriched',
    website_id: WEBSITE_ID,
    session_id: sessionId,
    version,
    content_hash: `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`,
    fetched_at: new Date(version).toISOString(),
    ...content,
    metrics: {
      messages: fingerprints.length,
      by_visitor: fingerprints.length,
      by_operator: 0,
      notes: 0,
      first_response_ms: null,
      duration_ms: 0,
    },
    enrichment: {
      complete: true,
      mode: 'full',
      pages: 1,
      terminated_by: 'http_200',
      covers_latest_message: coversLatest,
      api_calls: 2,
      profile_cached: false,
      absorbed: 0,
      odd_fields: [],
    },
  });
}

export function aRemovedRecord(version: number, sessionId = SESSION_ID): string {
  return JSON.stringify({
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.removed',
    website_id: WEBSITE_ID,
    session_id: sessionId,
    version,
    reason: 'conversation_missing',
  });
}

/** Crisp's answer for the conversation. */
export function aConversation({ sessionId = SESSION_ID, state = 'pending' } = {}): string {
  const data = { website_id: WEBSITE_ID, session_id: sessionId, state, updated_at: 1, unread: {} };
  return JSON.stringify({ error: false, reason: 'resolved', data });
}

/** Crisp's answer for its messages. */
export function aPage(fingerprints: readonly number[]): string {
  return JSON.stringify({ error: false, reason: 'listed', data: toMessages(fingerprints) });
}

function toMessages(fingerprints: readonly number[]): object[] {
  return fingerprints.map((fingerprint) => ({ fingerprint, timestamp: fingerprint, content: 'Hello' }));
}

/** At that moment Crisp's truth changes to these messages; null: to none, for the conversation is removed. */
export function crispHas(fingerprints: readonly number[] | null, atMs: number) {
  return { type: 'crisp-changed', atMs, sessionKey: SESSION_KEY, fingerprints } as const;
}

/** What the breaker, an operator, or a fault leaves in the history. */
export function aFault(fault: string, place: string, atMs = START_MS) {
  return { type: 'fault-injected', atMs, fault, place } as const;
}

type Place = { readonly before: string } | { readonly after: string };

type Events = Readonly<Record<string, HistoryEvent>>;

/** A history whose events have names, so that a test can say what is different in its own. */
export type Steps = readonly (readonly [name: string, event: HistoryEvent])[];

export function toHistory(steps: Steps): History {
  return steps.map(([, event]) => event);
}

export function only(steps: Steps, ...names: string[]): Steps {
  for (const name of names) find(steps, name);
  return steps.filter(([name]) => names.includes(name));
}

/** Nothing was put, announced or delivered in it. */
export function unannounced(steps: Steps): Steps {
  return steps.filter(([name]) => !/^(put|notice|record)(-\d)?$/.test(name));
}

/** Nor was Crisp asked anything. */
export function unfetched(steps: Steps): Steps {
  return unannounced(steps).filter(([name]) => !/^(conversation|messages)(-\d)?$/.test(name));
}

export function without(steps: Steps, ...names: string[]): Steps {
  for (const name of names) find(steps, name);
  return steps.filter(([name]) => !names.includes(name));
}

/** Replaces some fields of events, each by its name. */
export function changed(steps: Steps, changes: Readonly<Record<string, object>>): Steps {
  for (const name of Object.keys(changes)) find(steps, name);
  // Tests make histories that should not be: the fields are theirs to choose.
  return steps.map(([name, event]) => [name, { ...event, ...changes[name] } as HistoryEvent]);
}

/** Puts other steps next to one. */
export function inserted(steps: Steps, added: Steps | Events, place: Place): Steps {
  const neighbour = 'before' in place ? place.before : place.after;
  find(steps, neighbour);
  const at = steps.findIndex(([name]) => name === neighbour) + ('before' in place ? 0 : 1);
  return [...steps.slice(0, at), ...(isSteps(added) ? added : named('', added)), ...steps.slice(at)];
}

const isSteps = (steps: Steps | Events): steps is Steps => Array.isArray(steps);

/** Takes an event to another place, at its neighbour's time. */
export function moved(steps: Steps, name: string, place: Place): Steps {
  const { atMs } = find(steps, 'before' in place ? place.before : place.after);
  return inserted(without(steps, name), { [name]: { ...find(steps, name), atMs } }, place);
}

function find(steps: Steps, wanted: string): HistoryEvent {
  const found = steps.find(([name]) => name === wanted);
  if (!found) throw new Error(`no step is called ${wanted}`);
  return found[1];
}
