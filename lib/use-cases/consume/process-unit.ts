import { type DecodedMessage, type SessionUnit, splitByDueTime } from '../../core/job/session-unit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeferMessage } from './defer-message.ts';
import type { DeleteMessage } from './hide-message.ts';
import type { RecallFailure } from './recall-failure.ts';
import type { RecordRuns } from './record-runs.ts';
import type { RefreshUnit } from './refresh-unit.ts';
import type { RetainFinal } from './retain-final.ts';
import type { SettledMessage } from './settled-message.ts';

/** The invocation of the function within which messages are handled. */
export interface Invocation {
  /** When Lambda ends it, epoch ms. */
  readonly deadlineMs: number;
  /** As its log lines carry it. */
  readonly requestId: string;
}

export interface UnitInvocation extends Invocation {
  /** True where other sessions are handled beside this one: the batch is not over when it is. */
  readonly sharesBatch: boolean;
}

export interface ProcessUnitDependencies {
  readonly clock: Clock;
  readonly deferMessage: DeferMessage;
  readonly recallFailure: RecallFailure;
  readonly retainFinal: RetainFinal;
  readonly deleteMessage: DeleteMessage;
  readonly refreshUnit: RefreshUnit;
  readonly recordRuns: RecordRuns;
}

export type ProcessUnit = ReturnType<typeof createProcessUnit>;

/**
 * Handles the messages of one session: those that are early are deferred to their `notBeforeMs`, those whose failure is
 * final wait for SQS to move them, the others share one fetch and its fate. Answers for each message once, and never
 * throws.
 *
 * The debounce (skipping a message that a newer one supersedes) will stand before the fetch.
 */
export function createProcessUnit(dependencies: ProcessUnitDependencies) {
  const { clock, deferMessage, recallFailure, retainFinal, deleteMessage, refreshUnit, recordRuns } =
    dependencies;

  return async (unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> => {
    const { requestId } = invocation;
    const startedMs = clock.nowMs();
    const settled = await settle(unit, invocation);
    // Lambda deletes it when the batch is over; until then the session would be locked by work that is done.
    if (invocation.sharesBatch) await Promise.all(settled.filter(isAcknowledged).map(deleteMessage));
    const { websiteId, sessionId } = unit;
    await recordRuns(settled, { session: { websiteId, sessionId }, requestId, startedMs });
    return settled;
  };

  async function settle(unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> {
    const { due, early } = splitByDueTime(unit.messages, clock.nowMs());
    const deferred = early.map(deferUntilDue);
    const recalled = await Promise.all(
      due.map(async (each) => ({ ...each, ...(await recallFailure(each.message)) })),
    );
    const dead = recalled.flatMap(({ message, final }) => (final ? [retainFinal(message, final)] : []));
    const alive = recalled.filter(({ final }) => !final);
    const refreshed =
      alive.length > 0 ? await refreshUnit({ ...unit, messages: alive }, invocation.deadlineMs) : [];
    return [...(await Promise.all([...deferred, ...dead])), ...refreshed];
  }

  function deferUntilDue(each: DecodedMessage): Promise<SettledMessage> {
    const waitMs = (each.job.notBeforeMs ?? 0) - clock.nowMs();
    return deferMessage(each, {
      outcome: 'deferred',
      reason: 'not_due',
      delaySeconds: Math.max(0, Math.ceil(waitMs / 1000)),
      // Whatever was received before its time was not tried yet.
      attempt: 1,
      apiCalls: 0,
    });
  }
}

function isAcknowledged({ outcome }: SettledMessage): boolean {
  return outcome.outcome === 'acknowledged';
}
