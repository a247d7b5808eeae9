import type { SessionRef } from '../core/ids.ts';
import type { Run } from '../core/run/run.ts';

/** Where the consumer writes down what each receive came to. May reject: the pipeline goes on without it. */
export interface RunLog {
  record(runs: readonly Run[]): Promise<void>;
}

/** Where people and tools look it up. */
export interface RunHistory {
  /** The runs of a session, newest first. */
  ofSession(session: SessionRef, options: { readonly limit: number }): Promise<readonly Run[]>;
  /** The runs of a message that could not be read, so that nobody knows its session; newest first. */
  ofUnreadMessage(messageId: string, options: { readonly limit: number }): Promise<readonly Run[]>;
}
