import type { SessionRef } from '../core/ids.ts';
import type { Latest } from '../core/record/latest.ts';
import type { ArchivedRecord } from '../core/record/to-notice.ts';

/** Names one state of a session's `latest`: whoever replaces it must have seen it. */
export type LatestRevision = string;

export interface StoredLatest {
  readonly latest: Latest;
  readonly revision: LatestRevision;
}

/**
 * The truth about what was announced: every version of every record, and which of them is the newest. Every method
 * throws `JobError` alone: `archive_failed`, `downstream_denied`, or the code of an id that is none.
 */
export interface RecordArchive {
  /**
   * Keeps the JSON text of a version for good. The same text again is fine; another one for that version is refused
   * with `record_superseded`, because an archived version never changes.
   */
  putRecord(session: SessionRef, version: number, body: string): Promise<ArchivedRecord>;
  /** The text as it was put; undefined where there is no such version. */
  getRecord(session: SessionRef, version: number): Promise<string | undefined>;
  /** Undefined for a session that was never archived. */
  getLatest(session: SessionRef): Promise<StoredLatest | undefined>;
  /**
   * Replaces what `replaces` names; undefined: there must be none yet. Throws `record_superseded` when another run was
   * faster, and changes nothing then.
   */
  putLatest(
    session: SessionRef,
    latest: Latest,
    replaces: LatestRevision | undefined,
  ): Promise<LatestRevision>;
}
