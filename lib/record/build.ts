import * as z from 'zod/mini';
import type { FetchedConversation } from '../crisp/conversation.ts';
import { coversLatestMessage } from '../crisp/conversation.ts';
import type { OddField, Typed } from '../crisp/fields.ts';
import { toTimestampMs } from '../crisp/merge.ts';
import { JobError } from '../errors.ts';
import type { FetchMode, SessionRef } from '../ids.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { contentHash } from './content-hash.ts';
import {
  conversationShape,
  type EnrichedRecord,
  enrichedRecordSchema,
  RECORD_SCHEMA_ID,
  type RemovedRecord,
} from './schema.ts';

interface RecordOptions {
  readonly version: number;
  readonly mode: FetchMode;
  /** How many queue messages of the session had no fetch of their own. */
  readonly absorbed: number;
}

/** The enriched record of a conversation: Crisp's own fields as they are, and ours, which win over namesakes. */
export function buildRecord(fetched: FetchedConversation, options: RecordOptions): EnrichedRecord {
  const header = {
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.enriched',
    website_id: fetched.websiteId,
    session_id: fetched.sessionId,
    version: options.version,
  };
  const conversation = toTypedConversation(withoutNamesakes(withoutSecrets(fetched.conversation)));
  const oddFields = [...conversation.oddFields, ...(fetched.oddFields ?? [])];
  const body = {
    ...conversation.value,
    messages: fetched.messages,
    profile: fetched.profile,
    ...toInclusions(fetched),
    metrics: toMetrics(fetched.messages),
    enrichment: toEnrichment(fetched, oddFields, options),
  };
  const record: JsonObject = {
    ...header,
    content_hash: contentHash({ ...header, ...body }),
    fetched_at: new Date(fetched.startedMs).toISOString(),
    ...body,
  };

  // All fields of ours are there, and Crisp's have the types of the schema or are set aside: tests hold both against it,
  // and `expectRecord` has the last word before a record is announced.
  return record as EnrichedRecord;
}

// A field of Crisp's never stands in for one of ours, also where ours is absent: a reader could not tell.
const OURS = new Set([
  'schema',
  'kind',
  'website_id',
  'session_id',
  'version',
  'content_hash',
  'fetched_at',
  'messages',
  'profile',
  'pages',
  'events',
  'relations',
  'metrics',
  'enrichment',
  'claim_check',
]);

// Through entries, not by assignment: a key named `__proto__` stays a key.
function withoutNamesakes(conversation: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(conversation).filter(([name]) => !OURS.has(name)));
}

function toInclusions({ visitedPages, events, relations }: FetchedConversation) {
  return {
    ...(visitedPages && { pages: visitedPages }),
    ...(events && { events }),
    ...(relations && { relations }),
  };
}

function toEnrichment(
  fetched: FetchedConversation,
  oddFields: readonly OddField[],
  { mode, absorbed }: RecordOptions,
): EnrichedRecord['enrichment'] {
  const { profileReadMs } = fetched;
  return {
    complete: true,
    mode,
    pages: fetched.messagePages,
    terminated_by: fetched.terminatedBy,
    covers_latest_message: coversLatestMessage(fetched.conversation, fetched.messages),
    api_calls: fetched.apiCalls,
    profile_cached: fetched.profileCached ?? false,
    profile_fetched_at: profileReadMs === undefined ? null : new Date(profileReadMs).toISOString(),
    absorbed,
    odd_fields: oddFields.map(({ path, value }) => ({ path, value })),
  };
}

/** The record that says that Crisp no longer has a conversation: ids, version and reason only. */
export function buildRemovedRecord(
  { websiteId, sessionId }: SessionRef,
  { version, reason }: { readonly version: number; readonly reason: string },
): RemovedRecord {
  return {
    schema: RECORD_SCHEMA_ID,
    kind: 'conversation.removed',
    website_id: websiteId,
    session_id: sessionId,
    version,
    reason,
  };
}

type Metrics = EnrichedRecord['metrics'];

/** Counts and durations (ms) of a conversation; a message that is no object counts in `messages` alone. */
export function toMetrics(messages: readonly unknown[]): Metrics {
  const known = messages.filter(isJsonObject);
  const spoken = known.filter((message) => message.type !== 'note' && message.type !== 'event');

  return {
    messages: messages.length,
    by_visitor: spoken.filter(isByVisitor).length,
    by_operator: spoken.filter(isByOperator).length,
    notes: known.filter((message) => message.type === 'note').length,
    first_response_ms: toFirstResponseMs(spoken),
    duration_ms: toDurationMs(known),
  };
}

// A bot's answer is no response: `automated` marks bots and campaigns. By time, not by place in the list.
function toFirstResponseMs(spoken: readonly JsonObject[]): number | null {
  const askedMs = earliest(toTimestamps(spoken.filter(isByVisitor)));
  if (askedMs === undefined) return null;

  const answers = spoken.filter((message) => isByOperator(message) && message.automated !== true);
  const answeredMs = earliest(toTimestamps(answers).filter((timestamp) => timestamp > askedMs));
  return answeredMs === undefined ? null : answeredMs - askedMs;
}

function toDurationMs(known: readonly JsonObject[]): number | null {
  const timestamps = toTimestamps(known);
  const firstMs = earliest(timestamps);
  return firstMs === undefined ? null : timestamps.reduce((a, b) => Math.max(a, b)) - firstMs;
}

function earliest(timestamps: readonly number[]): number | undefined {
  // Not Math.min(...timestamps): tens of thousands of arguments overflow the stack.
  return timestamps.length === 0 ? undefined : timestamps.reduce((a, b) => Math.min(a, b));
}

function toTimestamps(messages: readonly JsonObject[]): number[] {
  return messages.map(toTimestampMs).filter((timestamp) => timestamp !== undefined);
}

function isByVisitor(message: JsonObject): boolean {
  return message.from === 'user';
}

function isByOperator(message: JsonObject): boolean {
  return message.from === 'operator';
}

/**
 * The version of a record: when its fetch began (epoch ms), or one more than the last one where a clock ran behind, so
 * that versions of a session always grow.
 */
export function nextVersion(startedMs: number, lastVersion: number | undefined): number {
  return lastVersion === undefined ? startedMs : Math.max(startedMs, lastVersion + 1);
}

/**
 * Crisp's conversation object without what must not be kept: `compose` (what people type and may never send),
 * co-browsing and its tokens, and the token keypairs that operators' details can hold. Everything else stays, also
 * what Crisp adds one day.
 */
function withoutSecrets(conversation: JsonObject): JsonObject {
  const kept = Object.entries(conversation).filter(([name]) => !DROPPED.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutKeypairs(name, value)]));
}

const DROPPED = new Set(['compose', 'browsing', 'browsing_id', 'browsing_token']);

// Only where Crisp describes operators: elsewhere, as in custom data, `key` may be anybody's word.
const DESCRIBES_OPERATORS = new Set(['operators', 'operator', 'assigned']);
const KEYPAIR = new Set(['identifier', 'key', 'has_token']);

function withoutKeypairs(name: string, value: unknown): unknown {
  return DESCRIBES_OPERATORS.has(name) ? omitDeep(value, KEYPAIR) : value;
}

function omitDeep(value: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => omitDeep(item, names));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !names.has(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, omitDeep(member, names)]));
}

const conversationSchema = z.looseObject(conversationShape);

/**
 * What stands in the place of an odd value where its reader would look into it: an empty list or object. Anywhere else it
 * is null, and an odd entry of a typed list is left out of it. A field is typed by standing in the schema, nowhere else.
 */
const EMPTY: Readonly<Record<string, unknown>> = {
  participants: [],
  meta: {},
  'meta.segments': [],
  'meta.data': {},
};

/**
 * A foreign field never stops a conversation: one of another type than the schema promises is null or empty in its place,
 * and its value is set aside. Fields that the schema does not name may hold anything.
 */
function toTypedConversation(conversation: JsonObject): Typed<JsonObject> {
  const issues = conversationSchema.safeParse(conversation).error?.issues ?? [];
  const paths = new Set(issues.map(({ path }) => path.join('.')));
  if (paths.size === 0) return { value: conversation, oddFields: [] };

  const oddFields: OddField[] = [];
  const value = setAside(conversation, '', (path, odd) => {
    if (!paths.has(path)) return false;
    oddFields.push({ path, value: odd });
    return true;
  });
  // An object stays one: only what stands below it is odd.
  return { value: value as JsonObject, oddFields };
}

type IsOdd = (path: string, value: unknown) => boolean;

// Through entries, not by assignment: a key named `__proto__` stays a key.
function setAside(value: unknown, parent: string, isOdd: IsOdd): unknown {
  const at = (name: string | number) => (parent === '' ? `${name}` : `${parent}.${name}`);
  if (Array.isArray(value)) return value.filter((item, place) => !isOdd(at(place), item));
  if (!isJsonObject(value) || !PARENTS.has(parent)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const path = at(name);
      return [name, isOdd(path, member) ? (EMPTY[path] ?? null) : setAside(member, path, isOdd)];
    }),
  );
}

// Where typed fields stand: nothing else is looked into.
const PARENTS = new Set(['', 'meta', 'assigned']);

/**
 * Refuses a record that is not what the published schema promises its readers. Odd fields of Crisp's are set aside before,
 * so this is a defect of ours, which must not reach anybody. Throws `schema_mismatch` with the field's path; its
 * value is in no message.
 */
export function expectRecord(record: EnrichedRecord): void {
  const [issue] = enrichedRecordSchema.safeParse(record).error?.issues ?? [];
  if (issue === undefined) return;
  const expected = issue.code === 'invalid_type' ? `expected ${issue.expected}` : issue.code;
  throw new JobError('schema_mismatch', { detail: issue.path.join('.'), hint: expected });
}
