import type { SessionRef } from '../core/ids.ts';
import { escapeBody } from '../core/record/escape-body.ts';
import type { EnrichedRecord, RemovedRecord } from '../core/record/schema.ts';
import { toLatest } from '../core/record/to-latest.ts';
import { toNotice } from '../core/record/to-notice.ts';
import type { LatestRevision, RecordArchive } from '../ports/record-archive.ts';
import type { RecordTopic } from '../ports/record-topic.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface AnnounceDeps {
  readonly archive: RecordArchive;
  readonly topic: RecordTopic;
  readonly telemetry: Telemetry;
  /** `INLINE_LIMIT_BYTES`: what is larger, attributes included, travels as a claim check. */
  readonly inlineLimitBytes: number;
}

/**
 * Takes a new version of a session through its four steps: archive the record, say in `latest` that it is not announced
 * yet, publish, say that it is. Wherever this stops, `latest` never claims too much, and the next delivery announces
 * the content again. `replaces` is the `latest` that this version follows. Throws what the ports throw.
 */
export function createAnnounceVersion({ archive, topic, telemetry, inlineLimitBytes }: AnnounceDeps) {
  return async (
    session: SessionRef,
    record: EnrichedRecord | RemovedRecord,
    replaces: LatestRevision | undefined,
  ): Promise<void> => {
    const body = escapeBody(record);
    const archived = await archive.putRecord(session, record.version, body);
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
  };
}
