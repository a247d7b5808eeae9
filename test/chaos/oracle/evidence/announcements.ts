import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { type EnrichedRecord, recordSchema } from '../../../../lib/core/record/schema.ts';
import { type Content, isFields, toContent } from './content.ts';
import type { EventsOf, Placed } from './evidence.ts';
import { readFields } from './read-body.ts';

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

export interface Announcements {
  readonly bySession: ReadonlyMap<string, readonly Announcement[]>;
  /** The notices that no reader could use, each with what is wrong. */
  readonly unreadable: readonly { readonly notice: Placed<'notice-published'>; readonly problem: string }[];
}

export function findAnnouncements(of: EventsOf): Announcements {
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
