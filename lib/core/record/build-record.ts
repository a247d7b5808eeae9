import { coversLatestMessage } from '../crisp/covers-latest-message.ts';
import type { CrispObject } from '../crisp/crisp-object.ts';
import type { FetchedConversation } from '../crisp/fetched-conversation.ts';
import type { OddField } from '../crisp/typed.ts';
import type { FetchMode } from '../job/session-job.ts';
import { contentHash } from './content-hash.ts';
import { toMetrics } from './metrics.ts';
import { toTypedConversation } from './odd-fields.ts';
import { type EnrichedRecord, RECORD_SCHEMA_ID } from './schema.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface RecordOptions {
  readonly version: number;
  readonly mode: FetchMode;
  /** How many queue messages beyond the first this fetch answers. */
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
  const record: CrispObject = {
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
function withoutNamesakes(conversation: CrispObject): CrispObject {
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
  return {
    complete: true,
    mode,
    pages: fetched.messagePages,
    terminated_by: fetched.terminatedBy,
    covers_latest_message: coversLatestMessage(fetched.conversation, fetched.messages),
    api_calls: fetched.apiCalls,
    profile_cached: fetched.profileCached ?? false,
    absorbed,
    odd_fields: oddFields.map(({ path, value }) => ({ path, value })),
  };
}
