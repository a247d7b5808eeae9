import { isHeld, toHoldOffSeconds, toNextProbeMs } from '../../core/breaker/hold-off.ts';
import type { Opening } from '../../core/breaker/opening.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';

export interface OpenBreakerDependencies {
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOff'>;
  readonly notes: Pick<BreakerNotes, 'readOpening' | 'noteOpening'>;
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
 * Turns the switch off and notes why. Undefined, and an event, where the switch could not be turned: then nothing is
 * noted either, for the queue is not held.
 */
export function createOpenBreaker(dependencies: OpenBreakerDependencies) {
  const { consumerSwitch, notes, bestEffort, clock, telemetry } = dependencies;

  return async (reason: OpenReason): Promise<Opening | undefined> => {
    try {
      await consumerSwitch.turnOff();
    } catch (thrown) {
      telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
      return undefined;
    }
    const previous = await bestEffort('read-opening', () => notes.readOpening());
    const nowMs = clock.nowMs();
    // Another instance was faster: one opening, and no relapse.
    if (previous && isHeld(previous, nowMs)) return previous;
    const opening = toOpening(reason, toHoldOffSeconds(previous, nowMs), nowMs);
    await bestEffort('note-opening', () => notes.noteOpening(opening));
    tell(opening);
    return opening;
  };

  function tell({ code, route, session, holdOffSeconds }: Opening): void {
    telemetry.emit({
      name: 'breaker-opened',
      code,
      holdOffSeconds,
      ...(route !== undefined && { route }),
      ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
    });
  }
}

function toOpening(
  { code, route, session, retryAfterMs }: OpenReason,
  holdOffSeconds: number,
  openedMs: number,
): Opening {
  const nextProbeMs = toNextProbeMs(openedMs, holdOffSeconds, retryAfterMs);
  return { openedMs, code, route, session, holdOffSeconds, nextProbeMs, failedProbes: 0 };
}
