import { createHash } from 'node:crypto';
import { JobError } from '../../lib/core/errors/job-error.ts';
import { toArchiveKey } from '../../lib/core/record/archive-key.ts';
import { escapeBody } from '../../lib/core/record/escape-body.ts';
import { decodeLatest } from '../../lib/core/record/latest.ts';
import type { RecordArchive } from '../../lib/ports/record-archive.ts';

/** The archive in memory, with conditional writes as S3 documents them. */
export interface MemoryRecordArchive extends RecordArchive {
  /** Every object's JSON text by its key, `records/…` and `latest/…`. */
  readonly objects: ReadonlyMap<string, string>;
}

export const MEMORY_BUCKET = 'memory-archive';

export function createMemoryRecordArchive(): MemoryRecordArchive {
  const objects = new Map<string, string>();

  function put(key: string, text: string, replaces: string | undefined): string {
    const stored = objects.get(key);
    const storedRevision = stored === undefined ? undefined : toRevision(stored);
    if (stored !== text && storedRevision !== replaces) throw new JobError('record_superseded');
    objects.set(key, text);
    return toRevision(text);
  }

  return {
    objects,

    async putRecord(session, version, body) {
      const key = toArchiveKey(session, version);
      put(key, body, undefined);
      return { bucket: MEMORY_BUCKET, key, bytes: Buffer.byteLength(body), sha256: toRevision(body) };
    },

    async getRecord(session, version) {
      return objects.get(toArchiveKey(session, version));
    },

    async getLatest(session) {
      const text = objects.get(toArchiveKey(session, 'latest'));
      if (text === undefined) return undefined;
      const latest = decodeLatest(text);
      if (!latest) throw new JobError('archive_failed', { detail: 'latest_malformed' });
      return { latest, revision: toRevision(text) };
    },

    async putLatest(session, latest, replaces) {
      return put(toArchiveKey(session, 'latest'), escapeBody(latest), replaces);
    },
  };
}

// As S3's ETag: of the content.
function toRevision(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
