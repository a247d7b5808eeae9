import type { Closing, NotedOpening, Opening, Pause } from '../core/breaker/opening.ts';
import type { Refuted, Streak } from '../core/breaker/streak.ts';
import type { SessionRef } from '../core/ids.ts';

/** Which sessions failed, and which one did not. */
export interface Row {
  /** Session keys since the last success; empty where none failed. */
  readonly failed: readonly string[];
  /** The newest session that was fetched and announced; undefined where there was none yet. */
  readonly healthy: SessionRef | undefined;
  readonly refuted: Refuted;
}

/**
 * What the instances of consumer and probe tell each other about the breaker. Whether the queue is held at the moment is
 * the switch's to say, not a note's. Every method may reject: its caller goes on without it.
 */
export interface BreakerNotes {
  readOpening(): Promise<NotedOpening | undefined>;
  /**
   * Replaces the one that began at `replacesMs`; undefined: there was none. False, and nothing happens, where another one
   * came between.
   */
  noteOpening(opening: Opening, replacesMs: number | undefined): Promise<boolean>;
  /**
   * Changes the opening of `openedMs`, and leaves a closing that came meanwhile as it is. Nothing happens where another
   * opening has replaced it.
   */
  noteFailedProbe(
    openedMs: number,
    next: Pick<Opening, 'holdOffSeconds' | 'nextProbeMs' | 'failedProbes'>,
  ): Promise<void>;
  /** Closes the opening of `openedMs`. Nothing happens where another has replaced it. */
  noteClosing(openedMs: number, closing: Closing): Promise<void>;

  readPause(): Promise<Pause | undefined>;
  notePause(pause: Pause): Promise<void>;
  /** Nothing happens where there is none. */
  clearPause(): Promise<void>;

  readRow(): Promise<Row>;
  /**
   * The session is healthy, and whatever was in a row (failures, removals) is none any more. After a trial it refutes those
   * that were on trial.
   */
  noteSuccess(session: SessionRef, nowMs: number): Promise<void>;
  /** Returns the streak with this session in it. */
  noteFailure(session: SessionRef, nowMs: number): Promise<Streak>;
  /** Returns how many different sessions were removed in a row, this one included. */
  noteRemoval(session: SessionRef): Promise<number>;
  /** A healthy session was fetched where these failed: their failures are their own from now on. Ends the row. */
  refute(sessionKeys: readonly string[], nowMs: number): Promise<void>;
  /** Nobody could tell, and a run shall: the row stays, and the next success refutes these. */
  noteTrial(sessionKeys: readonly string[]): Promise<void>;
  /** Forgets failures and removals, and no healthy session. */
  clearRow(): Promise<void>;
}
