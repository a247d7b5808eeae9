import { toJobError } from '../../core/errors/to-job-error.ts';
import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { JobVisibility } from '../../ports/session-queue.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { SettledMessage } from './settled-message.ts';

export type HideMessage = ReturnType<typeof createHideMessage>;

/**
 * Sets when a retained message is received again. If SQS refuses, the message keeps the queue's own visibility timeout:
 * later than wanted, but not lost, so this never throws.
 */
export function createHideMessage(visibility: JobVisibility, telemetry: Telemetry) {
  return async ({ messageId, receiptHandle }: ReceivedMessage, delaySeconds: number): Promise<void> => {
    try {
      await visibility.hideFor(receiptHandle, delaySeconds);
    } catch (thrown) {
      telemetry.emit({ name: 'visibility-unchanged', messageId, code: toJobError(thrown).reason });
    }
  };
}

export type DeleteMessage = ReturnType<typeof createDeleteMessage>;

/** Deletes a message whose work is done. If SQS refuses, Lambda deletes it at the end of the batch: this never throws. */
export function createDeleteMessage(visibility: JobVisibility, telemetry: Telemetry) {
  return async ({ message }: SettledMessage): Promise<void> => {
    try {
      await visibility.delete(message.receiptHandle);
    } catch (thrown) {
      const { messageId } = message;
      telemetry.emit({ name: 'visibility-unchanged', messageId, code: toJobError(thrown).reason });
    }
  };
}
