import type { SessionRef } from '../core/ids.ts';

/** When sessions were redriven, so that one which always fails is not redriven for ever. May reject. */
export interface RedriveNotes {
  /** How often a session was redriven since then. */
  countSince(session: SessionRef, sinceMs: number): Promise<number>;
  note(session: SessionRef, nowMs: number): Promise<void>;
}

/** A look at the dead letters, which hides them while it lasts. */
export interface Look {
  readonly startedMs: number;
  /** When all that it hides is visible again at the latest, also after a kill. */
  readonly untilMs: number;
}

/** The looks that have begun and not ended, so that what one hides is explained to the next. May reject. */
export interface LookNotes {
  /** Resolves with the id by which it is ended. */
  begin(look: Look): Promise<string>;
  end(id: string): Promise<void>;
  /** Those that still hide something then. */
  open(nowMs: number): Promise<readonly (Look & { readonly id: string })[]>;
}
