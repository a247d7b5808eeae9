import type { DecodedMessage } from '../../core/job/session-unit.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { HideMessage } from './hide-message.ts';
import type { RunEnd, SettledMessage } from './settled-message.ts';

/** `held`: the breaker is open. `deferred`: anything else that is no failure. */
export interface Deferral extends Pick<RunEnd, 'attempt' | 'apiCalls'> {
  readonly outcome: 'deferred' | 'held';
  readonly reason: string;
  readonly delaySeconds: number;
}

export type DeferMessage = ReturnType<typeof createDeferMessage>;

/** Puts a message off that has not failed: says why, and hides it until then. Never throws. */
export function createDeferMessage(hideMessage: HideMessage, telemetry: Telemetry) {
  return async ({ message, job }: DecodedMessage, deferral: Deferral): Promise<SettledMessage> => {
    const { reason, delaySeconds, ...end } = deferral;
    const { websiteId, sessionId } = job;
    const { messageId } = message;
    telemetry.emit({ name: 'job-deferred', reason, messageId, delaySeconds, websiteId, sessionId });
    await hideMessage(message, delaySeconds);
    return {
      message,
      outcome: { outcome: 'retained', reason },
      end: { ...end, code: reason, delaySeconds },
    };
  };
}
