import type { FetchedConversation } from '../crisp/conversation.ts';
import { JobError } from '../errors.ts';
import type { FetchMode, SessionRef } from '../ids.ts';
import type { Telemetry } from '../telemetry/events.ts';
import {
  type FetchStarts,
  type Latest,
  type LatestRevision,
  type RecordArchive,
  type StoredLatest,
  toLatest,
} from './archive.ts';
import { buildRecord, buildRemovedRecord, expectRecord, nextVersion } from './build.ts';
import type { EnrichedRecord, RemovedRecord } from './schema.ts';
import { escapeBody, type RecordTopic, toNotice } from './topic.ts';

interface AnnounceRecordOptions {
  readonly mode: FetchMode;
  /** How many queue messages had no fetch of their own, of this fetch and since the last record. */
  readonly absorbed: number;
  /**
   * What `latest` said before the fetch began; null: nothing. With it, a run that another one overtook while it fetched
   * is refused (`record_superseded`) instead of passing older content off as newer. Without it, `latest` is read now.
   */
  readonly replaces?: StoredLatest | null;
}

interface AnnounceRecordResult {
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
    const record = buildRecord(fetched, {
      version: next,
      mode,
      absorbed: (stored?.latest.absorbed ?? 0) + absorbed,
    });
    expectRecord(record);
    tellOddFields(fetched, record);

    const starts = toFetchStarts(record, fetched.startedMs, stored?.latest);
    if (stored && isAnnounced(stored, record)) {
      await noteFetch(stored, fetched, toLatest(record, { announced: true, ...starts }));
      return toUnchanged(fetched, stored);
    }

    const version = await announceVersion(fetched, record, { starts, replaces: stored?.revision });
    return { outcome: 'emitted', version };
  };

  /**
   * Crisp's `updated_at` moves without the content, too: unless it is noted, the conversation would look outdated
   * for ever. It also takes the turn of a slower run that has read older content. The fetch's start alone is not worth a
   * write: what would be covered by it is fetched.
   */
  async function noteFetch({ latest, revision }: StoredLatest, session: SessionRef, found: Latest) {
    if (latest.updated_at !== found.updated_at)
      await archive.putLatest(
        session,
        { ...found, version: latest.version, absorbed: latest.absorbed },
        revision,
      );
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

/** An answer that lacked the newest message covers nothing: whoever asks next gets another look. */
function toFetchStarts({ enrichment }: EnrichedRecord, startedMs: number, before?: Latest): FetchStarts {
  const { started_ms, full_started_ms }: FetchStarts = before?.announced ? before : {};
  if (enrichment.covers_latest_message === false) return { started_ms, full_started_ms };
  return {
    started_ms: startedMs,
    full_started_ms: enrichment.mode === 'full' ? startedMs : full_started_ms,
  };
}

function isAnnounced({ latest }: StoredLatest, record: EnrichedRecord): boolean {
  return latest.announced && latest.content_hash === record.content_hash;
}

interface AnnounceRemovalOptions {
  /** Why the conversation counts as removed: a code, e.g. `not_found`. */
  readonly reason: string;
  /** When Crisp was asked for it, epoch ms. */
  readonly startedMs: number;
  /**
   * What `latest` said before that; null: nothing. A run that another one overtook is refused (`record_superseded`): a
   * removal must not pass for newer than a record that was fetched after it. Without it, `latest` is read now.
   */
  readonly replaces?: StoredLatest | null;
}

/** `never-seen`: nothing was ever announced of this session, so there is nobody to tell. */
type AnnounceRemovalResult =
  | { readonly outcome: 'removed' | 'already-removed'; readonly version: number }
  | { readonly outcome: 'never-seen' };

export type AnnounceRemoval = (
  session: SessionRef,
  options: AnnounceRemovalOptions,
) => Promise<AnnounceRemovalResult>;

/**
 * Announces once that Crisp no longer has a conversation. Should it come back, its next record has a higher version.
 * Resolves only when all is durable; throws what the ports throw.
 */
export function createAnnounceRemoval(deps: AnnounceDeps): AnnounceRemoval {
  const announceVersion = createAnnounceVersion(deps);

  return async (session, { reason, startedMs, replaces }) => {
    const stored = replaces === undefined ? await deps.archive.getLatest(session) : (replaces ?? undefined);
    if (!stored) return { outcome: 'never-seen' };

    const { latest, revision } = stored;
    if (latest.kind === 'conversation.removed' && latest.announced) {
      const { websiteId, sessionId } = session;
      deps.telemetry.emit({ name: 'record-unchanged', websiteId, sessionId, version: latest.version });
      return { outcome: 'already-removed', version: latest.version };
    }

    const next = nextVersion(startedMs, latest.version);
    const record = buildRemovedRecord(session, { version: next, reason });
    const starts = { started_ms: startedMs, full_started_ms: startedMs, people_id: latest.people_id };
    const version = await announceVersion(session, record, { starts, replaces: revision });
    return { outcome: 'removed', version };
  };
}

interface AnnounceDeps {
  readonly archive: RecordArchive;
  readonly topic: RecordTopic;
  readonly telemetry: Telemetry;
  /** `INLINE_LIMIT_BYTES`: what is larger, attributes included, travels as a claim check. */
  readonly inlineLimitBytes: number;
}

// Each receive of a message leaves one such version behind at most, and there are twenty of them.
const MAX_VERSIONS_TRIED = 25;

interface Following {
  /** `people_id`: of a removed conversation, whose record names nobody. */
  readonly starts: FetchStarts & Pick<Latest, 'people_id'>;
  /** The `latest` that the new version follows; undefined: there is none. */
  readonly replaces: LatestRevision | undefined;
}

/**
 * Takes a new version of a session through its four steps: archive the record, say in `latest` that it is not announced
 * yet, publish, say that it is. Wherever this stops, `latest` never claims too much, and the next delivery announces
 * the content again. Resolves to the version that was announced: the record's own, or the next free one. Throws what the
 * ports throw.
 */
function createAnnounceVersion({ archive, topic, telemetry, inlineLimitBytes }: AnnounceDeps) {
  return async (
    session: SessionRef,
    built: EnrichedRecord | RemovedRecord,
    { starts, replaces }: Following,
  ): Promise<number> => {
    const { record, body, archived } = await archiveFreeVersion(session, built);
    const notice = toNotice(record, { body, archived, inlineLimitBytes });
    const revision = await archive.putLatest(
      session,
      toLatest(record, { announced: false, ...starts }),
      replaces,
    );
    await topic.publish(notice);
    await archive.putLatest(session, toLatest(record, { announced: true, ...starts }), revision);

    telemetry.emit({
      name: 'record-emitted',
      // One by one: whoever calls may hold a whole conversation, which must not reach a log.
      websiteId: session.websiteId,
      sessionId: session.sessionId,
      kind: record.kind,
      version: record.version,
      bytes: archived.bytes,
      claimCheck: notice.isClaimCheck,
    });
    return record.version;
  };

  /**
   * A version that an earlier try archived, and then could not name in `latest`, is taken for good. Where versions run
   * ahead of the clock the next try asks for the very same one: it takes the one after it. Whether this run was
   * overtaken is for `latest` to say, which alone decides.
   */
  async function archiveFreeVersion(session: SessionRef, built: EnrichedRecord | RemovedRecord) {
    for (let record = built; ; record = { ...record, version: record.version + 1 }) {
      const body = escapeBody(record);
      try {
        return { record, body, archived: await archive.putRecord(session, record.version, body) };
      } catch (thrown) {
        const isLast = record.version + 1 >= built.version + MAX_VERSIONS_TRIED;
        if (isLast || !(thrown instanceof JobError) || thrown.code !== 'record_superseded') throw thrown;
      }
    }
  }
}
