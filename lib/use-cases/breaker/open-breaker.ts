import { isHeld, toHoldOffSeconds, toNextProbeMs } from '../../core/breaker/hold-off.ts';
import type { Opening } from '../../core/breaker/opening.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import { type SessionRef, toSessionKey } from '../../core/ids.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';

export interface OpenBreakerDependencies {
  readonly consumerSwitch: Pick<ConsumerSwitch, 'read' | 'turnOff'>;
  readonly notes: Pick<BreakerNotes, 'readOpening' | 'noteOpening' | 'noteClosing'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface OpenReason {
  readonly code: string;
  readonly route?: string | undefined;
  readonly session: SessionRef;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Notes why, and turns the switch off: in this order, for a switch that is off without a note is turned on again by the
 * first probe, and a note without a switch holds for two minutes at most. Undefined, and an event, where the switch could
 * not be turned: then the note is taken back, for the queue is not held.
 */
export function createOpenBreaker(dependencies: OpenBreakerDependencies) {
  const { consumerSwitch, notes, bestEffort, clock, telemetry } = dependencies;

  return async (reason: OpenReason): Promise<Opening | undefined> => {
    const { opening, found } = await findOrNote(reason);
    if (found === 'off') return opening;
    if (!(await isTurnedOff())) {
      if (found === 'none') await takeBack(opening);
      return undefined;
    }
    if (found === 'none') tell(opening);
    return opening;
  };

  /**
   * This opening, noted where there is none: instances that open at the same moment share the first one, which is told
   * once and makes no relapse of itself. `young`: another one holds already; `off`: the queue is held since longer.
   */
  async function findOrNote(
    reason: OpenReason,
  ): Promise<{ opening: Opening; found: 'none' | 'young' | 'off' }> {
    let own: Opening | undefined;
    for (let tries = 1; ; tries += 1) {
      const previous = await bestEffort('read-opening', () => notes.readOpening());
      // The answer to the note was lost, and the note was not.
      if (own && previous && isSame(own, previous)) return { opening: own, found: 'none' };
      const nowMs = clock.nowMs();
      if (previous && isHeld(previous, nowMs)) return { opening: previous, found: 'young' };
      if (previous && previous.closing === undefined && (await isOff()))
        return { opening: previous, found: 'off' };
      const opening = toOpening(reason, toHoldOffSeconds(previous, nowMs), nowMs);
      own = opening;
      const isNoted = await bestEffort('note-opening', () => notes.noteOpening(opening, previous?.openedMs));
      // With the ledger away it holds without a note.
      if (isNoted !== false || tries === MOST_TRIES) return { opening, found: 'none' };
    }
  }

  async function isTurnedOff(): Promise<boolean> {
    try {
      await consumerSwitch.turnOff();
      return true;
    } catch (thrown) {
      telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
      return false;
    }
  }

  /** A run that was under way since before the opening is no new one: the looks that failed still count. */
  async function isOff(): Promise<boolean> {
    try {
      return (await consumerSwitch.read()) === 'off';
    } catch {
      return false; // To turn it off fails too, or does no harm.
    }
  }

  /** It held nothing, so no series of hold-offs starts with it. */
  async function takeBack({ openedMs }: Opening): Promise<void> {
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: true };
    await bestEffort('note-closing', () => notes.noteClosing(openedMs, closing));
  }

  function tell({ code, route, session, openedMs, nextProbeMs }: Opening): void {
    telemetry.emit({
      name: 'breaker-opened',
      code,
      nextLookSeconds: Math.ceil((nextProbeMs - openedMs) / 1000),
      ...(route !== undefined && { route }),
      ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
    });
  }
}

/** Each try but the last met another instance's note, which the next one finds. */
const MOST_TRIES = 3;

function isSame(one: Opening, other: Opening): boolean {
  const keys = [one, other].map(({ session }) => session && toSessionKey(session));
  return one.openedMs === other.openedMs && one.code === other.code && keys[0] === keys[1];
}

function toOpening(
  { code, route, session, retryAfterMs }: OpenReason,
  holdOffSeconds: number,
  openedMs: number,
): Opening {
  const nextProbeMs = toNextProbeMs(openedMs, holdOffSeconds, retryAfterMs);
  return { openedMs, code, route, session, holdOffSeconds, nextProbeMs, failedProbes: 0 };
}
