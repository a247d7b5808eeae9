import { JobError } from '../../core/errors/job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import { escapeBody } from '../../core/record/escape-body.ts';
import type { EnrichedRecord, RemovedRecord } from '../../core/record/schema.ts';
import { toLatest } from '../../core/record/to-latest.ts';
import { toNotice } from '../../core/record/to-notice.ts';
import type { LatestRevision, RecordArchive } from '../../ports/record-archive.ts';
import type { RecordTopic } from '../../ports/record-topic.ts';
import type { Telemetry } from '../../ports/telemetry.ts';

export interface AnnounceDeps {
  readonly archive: RecordArchive;
  readonly topic: RecordTopic;
  readonly telemetry: Telemetry;
  /** `INLINE_LIMIT_BYTES`: what is larger, attributes included, travels as a claim check. */
  readonly inlineLimitBytes: number;
}

// Each receive of a message leaves one such version behind at most, and there are twenty of them.
const MAX_VERSIONS_TRIED = 25;

/**
 * Takes a new version of a session through its four steps: archive the record, say in `latest` that it is not announced
 * yet, publish, say that it is. Wherever this stops, `latest` never claims too much, and the next delivery announces
 * the content again. `replaces` is the `latest` that this version follows. Resolves to the version that was announced:
 * the record's own, or the next free one. Throws what the ports throw.
 */
export function createAnnounceVersion({ archive, topic, telemetry, inlineLimitBytes }: AnnounceDeps) {
  return async (
    session: SessionRef,
    built: EnrichedRecord | RemovedRecord,
    replaces: LatestRevision | undefined,
  ): Promise<number> => {
    const { record, body, archived } = await archiveFreeVersion(session, built);
    const notice = toNotice(record, { body, archived, inlineLimitBytes });
    const revision = await archive.putLatest(session, toLatest(record, { announced: false }), replaces);
    await topic.publish(notice);
    await archive.putLatest(session, toLatest(record, { announced: true }), revision);

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
