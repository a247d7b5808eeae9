import { contentHash } from './content-hash.ts';
import type { Latest } from './latest.ts';
import type { EnrichedRecord, RemovedRecord } from './schema.ts';

/** What `latest` says of a record. */
export function toLatest(
  record: EnrichedRecord | RemovedRecord,
  { announced }: { readonly announced: boolean },
): Latest {
  return {
    kind: record.kind,
    version: record.version,
    content_hash: record.kind === 'conversation.enriched' ? record.content_hash : contentHash(record),
    announced,
    updated_at: typeof record.updated_at === 'number' ? record.updated_at : null,
  };
}
