import { toJobError } from '../core/errors/to-job-error.ts';
import type { DecodedJob } from '../core/job/decode-job.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import { type DecodedMessage, toSessionUnits } from '../core/job/session-unit.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { MessageOutcome } from './message-outcome.ts';
import type { ProcessUnit } from './process-unit.ts';
import type { RetainFailed } from './retain-failed.ts';

export interface ProcessBatchDependencies {
  readonly decode: (message: ReceivedMessage) => DecodedJob;
  readonly processUnit: ProcessUnit;
  readonly retainFailed: RetainFailed;
  readonly telemetry: Telemetry;
}

export type ProcessBatch = ReturnType<typeof createProcessBatch>;

/**
 * Handles the messages of one invocation and answers for each of them, by message id, exactly once. Sessions run beside
 * each other and none can fail another; the messages of one session are one unit.
 */
export function createProcessBatch({
  decode,
  processUnit,
  retainFailed,
  telemetry,
}: ProcessBatchDependencies) {
  return async (
    messages: readonly ReceivedMessage[],
    deadlineMs: number,
  ): Promise<ReadonlyMap<string, MessageOutcome>> => {
    const outcomes = new Map<string, MessageOutcome>();
    const decoded: DecodedMessage[] = [];
    const unreadable: Promise<void>[] = [];

    for (const message of messages) {
      try {
        decoded.push({ message, job: decodeAndTell(message) });
      } catch (thrown) {
        const retained = retainFailed(message, toJobError(thrown));
        unreadable.push(retained.then((outcome) => void outcomes.set(message.messageId, outcome)));
      }
    }

    const units = toSessionUnits(decoded).map(async (unit) => {
      for (const [messageId, outcome] of await processUnit(unit, deadlineMs))
        outcomes.set(messageId, outcome);
    });
    await Promise.all([...unreadable, ...units]);
    return outcomes;
  };

  function decodeAndTell(message: ReceivedMessage) {
    const { job, clockSuspectMs } = decode(message);
    if (clockSuspectMs !== undefined) {
      telemetry.emit({ name: 'clock-suspect', messageId: message.messageId, aheadMs: clockSuspectMs });
    }
    return job;
  }
}
