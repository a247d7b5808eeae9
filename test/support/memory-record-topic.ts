import type { ClaimCheck, EnrichedRecord, RemovedRecord } from '../../lib/core/record/schema.ts';
import type { Notice } from '../../lib/core/record/to-notice.ts';
import type { RecordTopic } from '../../lib/ports/record-topic.ts';

/** The topic in memory. */
export interface MemoryRecordTopic extends RecordTopic {
  /** What was published, oldest first. */
  readonly notices: readonly Notice[];
  /** Their bodies, parsed. */
  readonly records: readonly (EnrichedRecord | ClaimCheck | RemovedRecord)[];
}

export function createMemoryRecordTopic(): MemoryRecordTopic {
  const notices: Notice[] = [];

  return {
    notices,
    get records() {
      return notices.map(({ body }) => JSON.parse(body));
    },
    async publish(notice) {
      notices.push(notice);
    },
  };
}
