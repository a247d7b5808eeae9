import type { SessionRef } from '../ids.ts';

/** `incremental`: the newest pages are enough. `full`: old pages may have changed, fetch them all. */
export type FetchMode = 'incremental' | 'full';

/** What a queue message asks for: ids only, never content. */
export interface SessionJob extends SessionRef {
  readonly mode: FetchMode;
  /** Start of the coalescing bucket, epoch ms; absent in another producer's message, which is due now. */
  readonly bucketMs?: number;
  /** Earliest moment at which the fetch may start, epoch ms; absent: due now. */
  readonly notBeforeMs?: number;
}
