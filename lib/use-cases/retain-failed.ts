import type { JobError } from '../core/errors/job-error.ts';
import type { SessionRef } from '../core/ids.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import { decideRetryDelay, type RetryPolicy } from '../core/retry/decide-retry.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { HideMessage } from './hide-message.ts';
import type { MessageOutcome } from './message-outcome.ts';

export interface RetainFailedDependencies {
  readonly hideMessage: HideMessage;
  readonly policy: RetryPolicy;
  readonly telemetry: Telemetry;
}

export type RetainFailed = ReturnType<typeof createRetainFailed>;

/** Keeps a failed message in the queue: says why, and hides it until its next attempt. Never throws. */
export function createRetainFailed({ hideMessage, policy, telemetry }: RetainFailedDependencies) {
  return async (message: ReceivedMessage, error: JobError, session?: SessionRef): Promise<MessageOutcome> => {
    const delaySeconds = decideRetryDelay(error, message.receiveCount, policy);
    telemetry.emit({
      name: 'job-failed',
      code: error.reason,
      disposition: error.disposition,
      messageId: message.messageId,
      attempt: message.receiveCount,
      delaySeconds,
      ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
      ...(error.status !== undefined && { status: error.status }),
      ...(error.hint !== undefined && { hint: error.hint }),
    });
    await hideMessage(message, delaySeconds);
    return { outcome: 'retained', reason: error.reason };
  };
}
