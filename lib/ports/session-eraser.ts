import type { SessionRef } from '../core/ids.ts';

/** What was deleted of a session. */
export interface ErasedSession {
  /** Versions and delete markers of archived records. */
  readonly records: number;
  /** The same of what `latest` said. */
  readonly latest: number;
  /** Runs, redrives and notes about its messages in the ledger. */
  readonly notes: number;
}

/** Deletes all that the stage keeps of one session, for good. Run again, it deletes what is left. */
export interface SessionEraser {
  /** Rejects with `OperationError`, or `JobError` `ledger_failed`. */
  erase(session: SessionRef): Promise<ErasedSession>;
}
