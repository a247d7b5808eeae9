import type { FetchedConversation } from '../../core/crisp/fetched-conversation.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { FetchMode } from '../../core/job/session-job.ts';
import { buildRecord } from '../../core/record/build-record.ts';
import { expectRecord } from '../../core/record/expect-record.ts';
import type { Latest } from '../../core/record/latest.ts';
import { nextVersion } from '../../core/record/next-version.ts';
import type { EnrichedRecord } from '../../core/record/schema.ts';
import { toLatest } from '../../core/record/to-latest.ts';
import type { StoredLatest } from '../../ports/record-archive.ts';
import { type AnnounceDeps, createAnnounceVersion } from './announce-version.ts';

export interface AnnounceRecordOptions {
  readonly mode: FetchMode;
  /** How many queue messages beyond the first this fetch answers. */
  readonly absorbed: number;
  /**
   * What `latest` said before the fetch began; null: nothing. With it, a run that another one overtook while it fetched
   * is refused (`record_superseded`) instead of passing older content off as newer. Without it, `latest` is read now.
   */
  readonly replaces?: StoredLatest | null;
}

export interface AnnounceRecordResult {
  readonly outcome: 'emitted' | 'unchanged';
  /** Of the new record, or of the announced one that it equals. */
  readonly version: number;
}

export type AnnounceRecord = (
  fetched: FetchedConversation,
  options: AnnounceRecordOptions,
) => Promise<AnnounceRecordResult>;

const MAX_PATHS_TOLD = 10;

/**
 * Announces a conversation unless its content is what was announced last. Content that was archived but perhaps not
 * announced is announced again, as a new version: whether the topic had taken the old one nobody knows, and its twin
 * is known by its `content_hash`. Resolves only when all is durable; throws what the ports throw, and `schema_mismatch`
 * where the record is not what its schema promises: a defect of ours, as odd fields of Crisp's are set aside.
 */
export function createAnnounceRecord(deps: AnnounceDeps): AnnounceRecord {
  const { archive, telemetry } = deps;
  const announceVersion = createAnnounceVersion(deps);

  return async (fetched, { mode, absorbed, replaces }) => {
    const stored = replaces === undefined ? await archive.getLatest(fetched) : (replaces ?? undefined);
    const next = nextVersion(fetched.startedMs, stored?.latest.version);
    const record = buildRecord(fetched, { version: next, mode, absorbed });
    expectRecord(record);
    tellOddFields(fetched, record);

    if (stored && isAnnounced(stored, record)) {
      await noteFetch(stored, fetched, toLatest(record, { announced: true }));
      return toUnchanged(fetched, stored);
    }

    const version = await announceVersion(fetched, record, stored?.revision);
    return { outcome: 'emitted', version };
  };

  /**
   * Crisp's `updated_at` moves without the content, too: unless it is noted, the conversation would look outdated
   * for ever. It also takes the turn of a slower run that has read older content.
   */
  async function noteFetch({ latest, revision }: StoredLatest, session: SessionRef, { updated_at }: Latest) {
    if (latest.updated_at !== updated_at)
      await archive.putLatest(session, { ...latest, updated_at }, revision);
  }

  function tellOddFields({ websiteId, sessionId }: SessionRef, { enrichment }: EnrichedRecord): void {
    const paths = enrichment.odd_fields.map(({ path }) => path);
    if (paths.length === 0) return;
    const named = paths.slice(0, MAX_PATHS_TOLD).join(', ');
    telemetry.emit({ name: 'fields-odd', websiteId, sessionId, count: paths.length, paths: named });
  }

  function toUnchanged({ websiteId, sessionId }: SessionRef, { latest }: StoredLatest): AnnounceRecordResult {
    telemetry.emit({ name: 'record-unchanged', websiteId, sessionId, version: latest.version });
    return { outcome: 'unchanged', version: latest.version };
  }
}

function isAnnounced({ latest }: StoredLatest, record: EnrichedRecord): boolean {
  return latest.announced && latest.content_hash === record.content_hash;
}
