import { toJobError } from '../../core/errors/to-job-error.ts';
import type { DecodedJob } from '../../core/job/decode-job.ts';
import type { ReceivedMessage } from '../../core/job/received-message.ts';
import { type DecodedMessage, toSessionUnits } from '../../core/job/session-unit.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { MessageOutcome } from './message-outcome.ts';
import type { Invocation, ProcessUnit } from './process-unit.ts';
import type { RetainUnreadable } from './retain-unreadable.ts';
import type { SettledMessage } from './settled-message.ts';
import type { LeaseBatch } from './spread-unit.ts';

export interface ProcessBatchDependencies {
  readonly decode: (message: ReceivedMessage) => DecodedJob;
  readonly leaseBatch: LeaseBatch;
  readonly processUnit: ProcessUnit;
  readonly retainUnreadable: RetainUnreadable;
  readonly telemetry: Telemetry;
}

export type ProcessBatch = ReturnType<typeof createProcessBatch>;

/**
 * Handles the messages of one invocation and answers for each of them, by message id, exactly once. Sessions run beside
 * each other and none can fail another; the messages of one session are one unit.
 */
export function createProcessBatch({
  decode,
  leaseBatch,
  processUnit,
  retainUnreadable,
  telemetry,
}: ProcessBatchDependencies) {
  return async (
    messages: readonly ReceivedMessage[],
    invocation: Invocation,
  ): Promise<ReadonlyMap<string, MessageOutcome>> => {
    const decoded: DecodedMessage[] = [];
    const work: Promise<readonly SettledMessage[]>[] = [];

    for (const message of messages) {
      try {
        decoded.push({ message, job: decodeAndTell(message) });
      } catch (thrown) {
        work.push(retainUnreadable(message, toJobError(thrown), invocation));
      }
    }
    const units = toSessionUnits(decoded);
    const sharesBatch = units.length > 1;
    // Before any work begins: it may be what kills the instance.
    await leaseBatch(units, invocation.deadlineMs);
    work.push(...units.map((unit) => processUnit(unit, { ...invocation, sharesBatch })));

    const settled = (await Promise.all(work)).flat();
    return new Map(settled.map(({ message, outcome }) => [message.messageId, outcome]));
  };

  function decodeAndTell(message: ReceivedMessage) {
    const { job, clockSuspectMs } = decode(message);
    if (clockSuspectMs !== undefined) {
      telemetry.emit({ name: 'clock-suspect', messageId: message.messageId, aheadMs: clockSuspectMs });
    }
    return job;
  }
}
