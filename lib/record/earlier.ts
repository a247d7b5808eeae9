import type { EarlierFetch, EarlierProfile } from '../crisp/incremental.ts';
import { toJobError } from '../errors.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { RecordArchive, StoredLatest } from './archive.ts';
import { type EnrichedRecord, enrichedRecordSchema } from './schema.ts';

interface EarlierContext {
  readonly archive: Pick<RecordArchive, 'getRecord'>;
  readonly telemetry: Telemetry;
}

/**
 * The newest archived version of a session as what an incremental fetch builds on; undefined where there is none that can
 * be relied on: none at all, a removal, one that expired, was tampered with, or cannot be read now. Never throws: all is
 * then read from Crisp.
 */
export async function readEarlierFetch(
  { archive, telemetry }: EarlierContext,
  session: SessionRef,
  stored: StoredLatest | null,
): Promise<EarlierFetch | undefined> {
  if (stored?.latest.kind !== 'conversation.enriched') return undefined;
  const { version, content_hash } = stored.latest;
  try {
    const text = await archive.getRecord(session, version);
    const record = text === undefined ? undefined : parseRecord(text);
    const isTheirs =
      record?.version === version &&
      record.content_hash === content_hash &&
      record.website_id === session.websiteId &&
      record.session_id === session.sessionId;
    return isTheirs ? toEarlierFetch(record, Buffer.byteLength(text ?? '')) : undefined;
  } catch (thrown) {
    const code = toJobError(thrown).reason;
    const { websiteId, sessionId } = session;
    telemetry.emit({ name: 'record-unreadable', websiteId, sessionId, version, code });
    return undefined;
  }
}

/** As it was archived: what the schema's parser returns would be a copy that lacks a key `__proto__`. */
function parseRecord(text: string): EnrichedRecord | undefined {
  const record: unknown = JSON.parse(text);
  // It has just been held against the schema.
  return enrichedRecordSchema.safeParse(record).success ? (record as EnrichedRecord) : undefined;
}

function toEarlierFetch(record: EnrichedRecord, bytes: number): EarlierFetch {
  const profile = toEarlierProfile(record);
  return { bytes, messages: record.messages, ...(profile && { profile }) };
}

function toEarlierProfile({
  people_id,
  profile,
  meta,
  enrichment,
}: EnrichedRecord): EarlierProfile | undefined {
  const readMs = Date.parse(enrichment.profile_fetched_at ?? '');
  if (!people_id || Number.isNaN(readMs)) return undefined;
  return { body: profile, peopleId: people_id, readMs, meta };
}

/** Far below what a function has to spare; a usual record takes about 10 KB. */
const MAX_RECENT_BYTES = 8 * 1024 * 1024;

/**
 * An archive that keeps in memory the newest version of each session that this instance has put, up to `maxBytes` in all:
 * a chat goes on where it was fetched a minute ago, and its next fetch need not ask for what was just written. A version
 * never changes, and `latest` is always read: what was deleted or overtaken is not used.
 */
export function withRecentRecords(archive: RecordArchive, maxBytes = MAX_RECENT_BYTES): RecordArchive {
  const recent = new Map<
    string,
    { readonly version: number; readonly body: string; readonly bytes: number }
  >();
  let keptBytes = 0;

  return {
    ...archive,
    async putRecord(session, version, body) {
      const archived = await archive.putRecord(session, version, body);
      forget(toSessionKey(session));
      if (archived.bytes > maxBytes) return archived;
      recent.set(toSessionKey(session), { version, body, bytes: archived.bytes });
      keptBytes += archived.bytes;
      for (const key of recent.keys()) {
        if (keptBytes <= maxBytes) break;
        forget(key);
      }
      return archived;
    },
    async getRecord(session, version) {
      const kept = recent.get(toSessionKey(session));
      return kept?.version === version ? kept.body : archive.getRecord(session, version);
    },
  };

  function forget(key: string): void {
    keptBytes -= recent.get(key)?.bytes ?? 0;
    recent.delete(key);
  }
}
