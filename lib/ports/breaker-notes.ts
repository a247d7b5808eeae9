import type { Closing, NotedOpening, Opening, Pause } from '../core/breaker/opening.ts';
import type { Streak } from '../core/breaker/streak.ts';
import type { SessionRef } from '../core/ids.ts';

/** Which sessions failed, and which one did not. */
export interface Row {
  /** Session keys since the last success; empty where none failed. */
  readonly failed: readonly string[];
  /** The newest session that was fetched and announced; undefined where there was none yet. */
  readonly healthy: SessionRef | undefined;
}

/**
 * What the instances of consumer and probe tell each other about the breaker. Whether the queue is held at the moment is
 * the switch's to say, not a note's. Every method may reject: its caller goes on without it.
 */
export interface BreakerNotes {
  readOpening(): Promise<NotedOpening | undefined>;
  /** Replaces the one before it. */
  noteOpening(opening: Opening): Promise<void>;
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
  /** The session is healthy, and whatever was in a row (failures, removals) is none any more. */
  noteSuccess(session: SessionRef, nowMs: number): Promise<void>;
  /** Returns the streak with this session in it. */
  noteFailure(session: SessionRef, nowMs: number): Promise<Streak>;
  /** Returns how many different sessions were removed in a row, this one included. */
  noteRemoval(session: SessionRef): Promise<number>;
  /** Forgets failures and removals, and no healthy session. */
  clearRow(): Promise<void>;
}
