import { type DecodedMessage, type SessionUnit, splitByDueTime } from '../../core/job/session-unit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeferMessage } from './defer-message.ts';
import type { RecalledFailure, RecallFailure } from './recall-failure.ts';
import type { RecordRuns } from './record-runs.ts';
import type { RefreshUnit } from './refresh-unit.ts';
import type { RetainFinal } from './retain-final.ts';
import type { SettledMessage } from './settled-message.ts';
import type { SpreadUnit } from './spread-unit.ts';

/** The invocation of the function within which messages are handled. */
export interface Invocation {
  /** When Lambda ends it, epoch ms. */
  readonly deadlineMs: number;
  /** As its log lines carry it. */
  readonly requestId: string;
}

export interface UnitInvocation extends Invocation {
  /** True where other sessions are handled beside this one, and would be killed with it. */
  readonly sharesBatch: boolean;
}

export interface ProcessUnitDependencies {
  readonly clock: Clock;
  readonly deferMessage: DeferMessage;
  readonly recallFailure: RecallFailure;
  readonly retainFinal: RetainFinal;
  readonly spreadUnit: SpreadUnit;
  readonly refreshUnit: RefreshUnit;
  readonly recordRuns: RecordRuns;
}

type RecalledUnit = SessionUnit & { readonly messages: readonly (DecodedMessage & RecalledFailure)[] };

export type ProcessUnit = ReturnType<typeof createProcessUnit>;

/**
 * Handles the messages of one session: those that are early are deferred to their `notBeforeMs`, those whose failure is
 * final wait for SQS to move them, the others share one fetch and its fate. Answers for each message once, and never
 * throws.
 *
 * The debounce (skipping a message that a newer one supersedes) will stand before the fetch.
 */
export function createProcessUnit(dependencies: ProcessUnitDependencies) {
  const { clock, deferMessage, recallFailure, retainFinal, spreadUnit, refreshUnit, recordRuns } =
    dependencies;

  return async (unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> => {
    const { requestId } = invocation;
    const startedMs = clock.nowMs();
    const settled = await settle(unit, invocation);
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
    const refreshed = alive.length > 0 ? await refresh({ ...unit, messages: alive }, invocation) : [];
    return [...(await Promise.all([...deferred, ...dead])), ...refreshed];
  }

  async function refresh(unit: RecalledUnit, { deadlineMs, sharesBatch }: UnitInvocation) {
    // Before the work begins: it may be what kills the instance.
    if (sharesBatch) await spreadUnit(unit.messages, deadlineMs);
    return refreshUnit(unit, deadlineMs);
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
