import type { SessionRef } from '../core/ids.ts';

/** When sessions were redriven, so that one which always fails is not redriven for ever. May reject. */
export interface RedriveNotes {
  /** How often a session was redriven since then. */
  countSince(session: SessionRef, sinceMs: number): Promise<number>;
  note(session: SessionRef, nowMs: number): Promise<void>;
}
