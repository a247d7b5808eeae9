import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { type EnrichedRecord, recordSchema } from '../../../lib/record/schema.ts';
import {
  type Content,
  isFields,
  joinPages,
  readFields,
  readSessionKey,
  toContent,
  toMessageNames,
} from './bodies.ts';
import type { History, HistoryEvent, Terms } from './history.ts';

/** A delivery that the webhook promised to follow up. */
export interface Acceptance {
  readonly deliveryId: string;
  readonly sessionKey: string;
  readonly event: string;
  readonly fingerprint: number | undefined;
  readonly isGenuine: boolean;
  readonly atMs: number;
  readonly index: number;
  /** By what the webhook answered. */
  readonly messageId: string;
  /** By when the event's bucket was computed; undefined where the queue had no message for it before the answer. */
  readonly computedMs: number | undefined;
}

function findAcceptances(of: EventsOf, terms: Terms): Acceptance[] {
  const deliveries = new Map(of('hook-delivered').map((each) => [each.deliveryId, each]));
  const sends = Map.groupBy(of('message-sent'), ({ deliveryId }) => deliveryId);

  return of('hook-answered').flatMap((answered) => {
    const reply = answered.status >= 200 && answered.status < 300 ? readFields(answered.body) : undefined;
    const delivered = deliveries.get(answered.deliveryId);
    if (reply?.status !== 'queued' || !delivered) return [];
    const messageId = String(reply.message_id);
    // A send whose answer was lost is sent again: both belong to the delivery.
    const sent = sends
      .get(answered.deliveryId)
      ?.find((each) => each.messageId === messageId && each.index < answered.index);
    return {
      deliveryId: answered.deliveryId,
      sessionKey: `${delivered.websiteId}:${delivered.sessionId}`,
      event: delivered.event,
      fingerprint: delivered.fingerprint,
      isGenuine: delivered.isGenuine,
      atMs: answered.atMs,
      index: answered.index,
      messageId,
      computedMs: sent && toComputedMs({ ...sent, deliveredMs: delivered.atMs }, terms),
    };
  });
}

/**
 * A bucket is computed before the send, and before the bucket's end: a send that takes long may reach the queue after it.
 * A bucket that ended before the delivery came says nothing: the webhook's clock ran behind.
 */
function toComputedMs(
  { body, atMs, deliveredMs }: { body: string; atMs: number; deliveredMs: number },
  { coalesceSeconds }: Terms,
): number {
  const bucketMs = readFields(body)?.bucketMs;
  const endMs = typeof bucketMs === 'number' ? bucketMs + coalesceSeconds * 1000 : Infinity;
  return endMs > deliveredMs ? Math.min(atMs, endMs) : atMs;
}

/** A notice that the topic took. */
export type Announcement = {
  readonly sessionKey: string;
  readonly atMs: number;
  readonly index: number;
  readonly version: number;
} & (
  | { readonly kind: 'removed' }
  | {
      readonly kind: 'enriched';
      readonly contentHash: string;
      /** All that is hashed: equal where the records say the same. */
      readonly hashed: string;
      readonly content: Content;
      readonly coversLatest: boolean | null;
      readonly isClaimCheck: boolean;
      /** Of the archived object that holds the same; undefined where there was none before the notice. */
      readonly put: Placed<'object-put'> | undefined;
    }
);

interface Announcements {
  readonly bySession: ReadonlyMap<string, readonly Announcement[]>;
  /** The notices that no reader could use, each with what is wrong. */
  readonly unreadable: readonly { readonly notice: Placed<'notice-published'>; readonly problem: string }[];
}

function findAnnouncements(of: EventsOf): Announcements {
  const puts = Map.groupBy(of('object-put'), ({ key }) => key);
  const read = of('notice-published').map((notice) => ({ notice, result: readAnnouncement(notice, puts) }));
  const announcements = read.flatMap(({ result }) => (typeof result === 'string' ? [] : [result]));
  return {
    bySession: Map.groupBy(announcements, ({ sessionKey }) => sessionKey),
    unreadable: read.flatMap(({ notice, result }) =>
      typeof result === 'string' ? [{ notice, problem: result }] : [],
    ),
  };
}

type Puts = ReadonlyMap<string, readonly Placed<'object-put'>[]>;

function readAnnouncement(notice: Placed<'notice-published'>, puts: Puts): Announcement | string {
  const record = readRecord(notice.body);
  if (!record) return 'not what the schema of records says';
  const header = {
    sessionKey: `${record.website_id}:${record.session_id}`,
    atMs: notice.atMs,
    index: notice.index,
    version: record.version,
  };
  if (record.kind === 'conversation.removed') return { ...header, kind: 'removed' };

  const key = `records/${record.website_id}/${record.session_id}/${record.version}.json`;
  const put = puts.get(key)?.findLast(({ index }) => index < notice.index);
  if (isWhole(record)) return { ...header, ...toEnriched(record, put) };

  const problem = checkClaim(record.claim_check, key, put);
  const archived = readRecord(put?.body ?? '');
  if (problem !== undefined) return problem;
  if (!archived || !isWhole(archived)) return 'a pointer to what is no record';
  return { ...header, ...toEnriched(archived, put), isClaimCheck: true };
}

type AnyRecord = z.infer<typeof recordSchema>;

function readRecord(text: string): AnyRecord | undefined {
  const fields = readFields(text);
  // The schema admits it as it is; what it would give back has its fields in another order.
  return recordSchema.safeParse(fields).success ? (fields as AnyRecord) : undefined;
}

function isWhole(record: AnyRecord): record is EnrichedRecord {
  return record.kind === 'conversation.enriched' && record.claim_check === undefined;
}

function checkClaim(claim: unknown, key: string, put: Placed<'object-put'> | undefined): string | undefined {
  if (!isFields(claim) || claim.key !== key || !put) return 'points to nothing';
  const sha256 = createHash('sha256').update(put.body).digest('hex');
  const isExact = claim.sha256 === sha256 && claim.bytes === Buffer.byteLength(put.body);
  return isExact ? undefined : 'points to another object than the archived one';
}

/** The record with its odd values where Crisp had them: what a record says must be what Crisp said. */
function withOddFields(record: EnrichedRecord): EnrichedRecord {
  const restored = structuredClone(record);
  for (const { path, value } of record.enrichment.odd_fields) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const parent: unknown = names.reduce<unknown>(
      (at, name) => (isFields(at) ? at[name] : undefined),
      restored,
    );
    if (Array.isArray(parent)) parent.splice(Number(last), 0, value);
    else if (isFields(parent)) Object.assign(parent, { [last]: value });
  }
  return restored;
}

const OTHER_PARTS = /^(profile|pages|events|relations)\b/;

function toEnriched(record: EnrichedRecord, put: Placed<'object-put'> | undefined) {
  const { profile, pages, events, relations, metrics, enrichment } = record;
  const oddParts = enrichment.odd_fields.filter(({ path }) => OTHER_PARTS.test(path));
  const content = toContent(withOddFields(record), record.messages);
  return {
    kind: 'enriched' as const,
    contentHash: record.content_hash,
    // The profile, the lists and the metrics are part of what a record says, and not of what its fetch is compared by.
    hashed: JSON.stringify([profile, pages, events, relations, metrics, oddParts, content.key]),
    content,
    coversLatest: record.enrichment.covers_latest_message,
    isClaimCheck: false,
    put,
  };
}

/** What one run of the consumer read of one session. */
export interface Fetch {
  readonly instance: string;
  readonly sessionKey: string;
  /** When its first request arrived at Crisp. */
  readonly startMs: number;
  readonly endMs: number;
  readonly endIndex: number;
  /** Crisp's own cache or paging gave an answer that need not be what Crisp then knew. */
  readonly isDisturbed: boolean;
  /** False where it ended before the last page: it is held to what that and the archive had. */
  readonly isWhole: boolean;
  /** Of the messages that the archive had; of a whole fetch, none. */
  readonly earlierNames: ReadonlySet<string>;
  /** Undefined where Crisp did not answer for the conversation and its messages. */
  readonly content: Content | undefined;
}

/** An instance has one batch at a time and a batch one run per session: what lies between two batches is one fetch. */
function findFetches(of: EventsOf): Map<string, Fetch[]> {
  const open = new Map<string, Placed<'crisp-answered'>[]>();
  const fetches: Fetch[] = [];
  const toFetch = createToFetch(of);

  function close(instance: string): void {
    for (const [key, answers] of open) {
      if (answers[0]?.instance !== instance) continue;
      open.delete(key);
      fetches.push(toFetch(answers));
    }
  }
  const asked = findAsked(of);
  const answers = of('crisp-answered').filter(
    ({ by, sessionKey, index }) => by === 'consumer' && sessionKey && !asked.has(index),
  );
  const ends = [...of('batch-answered'), ...of('instance-killed')];
  for (const event of [...answers, ...ends].sort((a, b) => a.index - b.index)) {
    if (event.type !== 'crisp-answered') close(event.instance);
    else {
      const key = `${event.instance} ${event.sessionKey}`;
      open.set(key, [...(open.get(key) ?? []), event]);
    }
  }
  for (const rest of open.values()) fetches.push(toFetch(rest));
  fetches.sort((a, b) => a.startMs - b.startMs);
  return Map.groupBy(fetches, ({ sessionKey }) => sessionKey);
}

/** From the end of an answer at Crisp until a line tells of it: its way back, and a request for another call of the day. */
const TOLD_WITHIN_MS = 100;

/**
 * Answers about a healthy session to somebody who wanted to know whether others are served: part of no fetch. The line
 * is written as the question ends: where no answer ended just before it, the question was never sent.
 */
function findAsked(of: EventsOf): ReadonlySet<number> {
  const answers = of('crisp-answered');
  const told = of('line-written').filter(({ text }) => text.includes('"breaker-asked"'));
  return new Set(
    told.flatMap(({ by, text, index, atMs }) => {
      const { websiteId, sessionId, route } = JSON.parse(text);
      const isProfile = route === PROFILE;
      // A profile is the conversation's: that was asked first.
      const asked = isProfile ? 'website/conversation' : route;
      const its = answers.filter((each) => each.index < index && each.instance === by);
      const about = its.filter(
        (each) => each.sessionKey === `${websiteId}:${sessionId}` && each.route === asked,
      );
      const isSent = [...about, ...its.filter((each) => isProfile && each.route === PROFILE)].some(
        ({ endedMs }) => endedMs <= atMs && atMs - endedMs <= TOLD_WITHIN_MS,
      );
      if (!isSent) return [];
      // A connection that was dropped is tried once more.
      const [first, last] = about.slice(-2);
      return [first?.status === 0 ? first : undefined, last ?? first].flatMap((each) => each?.index ?? []);
    }),
  );
}

const PROFILE = 'website/people/profile';

/** A stale cache, and pages that change while they are read: what Crisp says then is true, and not the whole truth. */
const SAYS_OTHERWISE = new Set(['F39', 'F41']);

function createToFetch(of: EventsOf): (answers: readonly Placed<'crisp-answered'>[]) => Fetch {
  const puts = Map.groupBy(of('object-put'), ({ key }) => key);
  const saying206 = new Map(
    of('crisp-answered')
      .filter(({ route, status }) => route === MESSAGES && status === 206)
      .toReversed()
      .map(({ instance, index }) => [instance, index]),
  );

  return (answers) => {
    const inOrder = answers.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index);
    const [first, last] = [answers[0], answers.at(-1)];
    const pages = inOrder.filter(({ route, body }) => route === MESSAGES && toPage(body));
    const is206Known = (saying206.get(last?.instance ?? '') ?? Infinity) <= (last?.index ?? 0);
    const isWhole = !endsEarly(pages.at(-1), is206Known);
    const before = isWhole ? [] : readNewest(puts, last?.sessionKey ?? '', first?.index ?? 0);
    return {
      instance: last?.instance ?? '',
      sessionKey: last?.sessionKey ?? '',
      startMs: Math.min(...answers.map(({ atMs }) => atMs)),
      endMs: Math.max(...answers.map(({ endedMs }) => endedMs)),
      endIndex: last?.index ?? 0,
      isDisturbed: answers.some(({ fault }) => fault !== undefined && SAYS_OTHERWISE.has(fault)),
      isWhole,
      earlierNames: new Set(toMessageNames(before)),
      content: readContent(inOrder, before),
    };
  };
}

const MESSAGES = 'website/conversation/messages';
/** No smaller page of Crisp's is known: where it has never said 206, one of this size may have others behind it. */
const FULL_PAGE = 20;

/** There is more, and nobody asked for it. */
function endsEarly(page: Placed<'crisp-answered'> | undefined, is206Known: boolean): boolean {
  if (page?.status === 206) return true;
  const count = toPage(page?.body)?.length ?? 0;
  return !is206Known && count >= FULL_PAGE;
}

function toPage(body: string | undefined): readonly unknown[] | undefined {
  const data = readFields(body ?? '')?.data;
  return Array.isArray(data) ? data : undefined;
}

/** The messages of the version that `latest` named when the fetch began. */
function readNewest(puts: Puts, sessionKey: string, index: number): readonly unknown[] {
  const session = sessionKey.replace(':', '/');
  const latest = puts.get(`latest/${session}.json`)?.findLast((put) => put.index < index);
  const { version } = readFields(latest?.body ?? '') ?? {};
  const put = puts.get(`records/${session}/${version}.json`)?.findLast((each) => each.index < index);
  const messages = readFields(put?.body ?? '')?.messages;
  return Array.isArray(messages) ? messages : [];
}

/** What was read, and of the version before it, what is not newer than that. */
function readContent(
  inOrder: readonly Placed<'crisp-answered'>[],
  before: readonly unknown[],
): Content | undefined {
  const answered = inOrder.filter(({ route }) => route === 'website/conversation');
  const conversation = answered.map(({ body }) => readFields(body ?? '')?.data).findLast(isFields);
  const pages = inOrder
    .filter(({ route }) => route === MESSAGES)
    .map(({ body }) => toPage(body))
    .filter((page) => page !== undefined);
  const oldestMs = Math.min(...pages.flat().map(toMs));
  const older = before.filter((message) => toMs(message) <= oldestMs);
  return conversation && pages.length > 0 ? toContent(conversation, joinPages([older, ...pages])) : undefined;
}

function toMs(message: unknown): number {
  return isFields(message) && typeof message.timestamp === 'number' ? message.timestamp : Infinity;
}

/** An answer to the consumer's question for a conversation itself. */
export interface Look {
  readonly atMs: number;
  readonly index: number;
  /** `unknown`: Crisp answered neither with the conversation nor that there is none. */
  readonly found: 'present' | 'missing' | 'unknown';
  readonly isBrokenOff: boolean;
}

function findLooks(of: EventsOf): Map<string, Look[]> {
  const looks = of('crisp-answered').flatMap(({ by, route, sessionKey, status, atMs, index }) =>
    by === 'consumer' && route === 'website/conversation' && sessionKey !== undefined
      ? [{ sessionKey, atMs, index, found: toFound(status), isBrokenOff: status === 0 }]
      : [],
  );
  return Map.groupBy(looks, ({ sessionKey }) => sessionKey);
}

function toFound(status: number): Look['found'] {
  if (status === 404 || status === 410) return 'missing';
  return status === 200 ? 'present' : 'unknown';
}

/** What became of one message of the sessions queue, and of its dead-letter queue. */
export interface MessageLife {
  readonly messageId: string;
  /** Undefined for a message that names none. */
  readonly sessionKey: string | undefined;
  readonly body: string;
  /** Every send that it stands for: the first, and those that it absorbed. */
  readonly sends: readonly Placed<'message-sent'>[];
  /** From the sessions queue. */
  readonly receives: readonly Placed<'message-received'>[];
  readonly deletions: readonly Placed<'message-deleted'>[];
  readonly deadLetterings: readonly Placed<'message-dead-lettered'>[];
  readonly expiries: readonly Placed<'message-expired'>[];
  /** From the dead-letter queue, by a tool. */
  readonly dlqDeletions: readonly Placed<'message-deleted'>[];
}

function findMessages(of: EventsOf): Map<string, MessageLife> {
  const grouped = {
    sends: byMessage(of('message-sent')),
    receives: byMessage(of('message-received').filter(isOfSessions)),
    deletions: byMessage(of('message-deleted').filter(isOfSessions)),
    deadLetterings: byMessage(of('message-dead-lettered')),
    expiries: byMessage(of('message-expired')),
    dlqDeletions: byMessage(of('message-deleted').filter((each) => !isOfSessions(each))),
  };
  const bodies = new Map(
    [...of('message-received'), ...of('message-sent')].map(({ messageId, body }) => [messageId, body]),
  );
  return new Map(
    [...bodies].map(([messageId, body]) => [
      messageId,
      {
        messageId,
        body,
        sessionKey: readSessionKey(body),
        sends: grouped.sends.get(messageId) ?? [],
        receives: grouped.receives.get(messageId) ?? [],
        deletions: grouped.deletions.get(messageId) ?? [],
        deadLetterings: grouped.deadLetterings.get(messageId) ?? [],
        expiries: grouped.expiries.get(messageId) ?? [],
        dlqDeletions: grouped.dlqDeletions.get(messageId) ?? [],
      },
    ]),
  );
}

/** True where it lies in the dead-letter queue when the run ends. */
export function isDead({ deadLetterings, dlqDeletions, expiries }: MessageLife): boolean {
  const last = deadLetterings.at(-1)?.index ?? -1;
  return last > Math.max(dlqDeletions.at(-1)?.index ?? -1, expiries.at(-1)?.index ?? -1);
}

function isOfSessions({ queue }: { readonly queue: string }): boolean {
  return queue === 'sessions';
}

function byMessage<Event extends { readonly messageId: string }>(events: readonly Event[]) {
  return Map.groupBy(events, ({ messageId }) => messageId);
}

/** A state of a conversation at Crisp, until the next one. */
interface Truth {
  readonly fromMs: number;
  readonly index: number;
  /** Null: Crisp does not have the conversation. */
  readonly fingerprints: ReadonlySet<number> | null;
  /** Of its messages; undefined where the history does not say. */
  readonly names: ReadonlySet<string> | undefined;
}

function findTruths(of: EventsOf): Map<string, Truth[]> {
  return Map.groupBy(
    of('crisp-changed').map(({ sessionKey, fingerprints, names, atMs, index }) => ({
      sessionKey,
      fromMs: atMs,
      index,
      fingerprints: fingerprints && new Set(fingerprints),
      names: names && new Set(names),
    })),
    ({ sessionKey }) => sessionKey,
  );
}

/** The states in force at any moment between two; both ends count, because order within one ms is unknown here. */
export function truthsBetween(truths: readonly Truth[], startMs: number, endMs: number): readonly Truth[] {
  return truths.filter(({ fromMs }, place) => {
    const untilMs = truths[place + 1]?.fromMs ?? Infinity;
    return fromMs <= endMs && untilMs >= startMs;
  });
}

/** An event of the history, and its place in it: order is told by `index`, because many things happen in one ms. */
export type Placed<Type extends HistoryEvent['type'] = HistoryEvent['type']> = {
  readonly index: number;
} & EventOf<Type>;

// One by one, because an event may stand for several types.
type EventOf<Type, Event = HistoryEvent> = Event extends { readonly type: string }
  ? Type extends Event['type']
    ? Event & { readonly type: Type }
    : never
  : never;

/** A run as the invariants look at it: the history, sorted by what each event is about. */
export interface Evidence {
  readonly terms: Terms;
  readonly history: History;
  /** All events of one type, in order. */
  of<Type extends HistoryEvent['type']>(type: Type): readonly Placed<Type>[];
  /** Deliveries that were answered with 2xx `queued`. */
  readonly acceptances: readonly Acceptance[];
  /** By message id. */
  readonly messages: ReadonlyMap<string, MessageLife>;
  /** These, by session key, each in order. */
  readonly fetches: ReadonlyMap<string, readonly Fetch[]>;
  readonly looks: ReadonlyMap<string, readonly Look[]>;
  readonly announcements: ReadonlyMap<string, readonly Announcement[]>;
  readonly truths: ReadonlyMap<string, readonly Truth[]>;
  readonly unreadable: Announcements['unreadable'];
}

export function toEvidence(history: History, terms: Terms): Evidence {
  const byType = Map.groupBy(
    history.map((event, index) => ({ ...event, index })),
    ({ type }) => type,
  );
  const of = <Type extends HistoryEvent['type']>(type: Type) =>
    // Grouped by that very type.
    (byType.get(type) ?? []) as unknown as readonly Placed<Type>[];

  const { bySession, unreadable } = findAnnouncements(of);
  return {
    terms,
    history,
    of,
    acceptances: findAcceptances(of, terms),
    messages: findMessages(of),
    fetches: findFetches(of),
    looks: findLooks(of),
    announcements: bySession,
    unreadable,
    truths: findTruths(of),
  };
}

/** All events of one type, in order. */
type EventsOf = Evidence['of'];

/** Those that lie between two places of the history, both left out. */
export function between<Event extends { readonly index: number }>(
  events: readonly Event[],
  after: number,
  before: number,
): readonly Event[] {
  return events.slice(findFirst(events, after + 1), findFirst(events, before));
}

// Events are in order: the place of the first one at `index` or later.
function findFirst(events: readonly { readonly index: number }[], index: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.index ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
