import { toReason } from '../../core/errors/to-reason.ts';
import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { FailureNote } from '../../core/retry/failure-note.ts';
import type { HideMessage } from './hide-message.ts';
import type { SettledMessage } from './settled-message.ts';

export type RetainFinal = ReturnType<typeof createRetainFinal>;

/**
 * Shows a message again at once for which no further attempt is made, until SQS moves it away. What was wrong was told
 * when its failure became final.
 */
export function createRetainFinal(hideMessage: HideMessage) {
  return async (message: ReceivedMessage, final: FailureNote): Promise<SettledMessage> => {
    await hideMessage(message, 0);
    return { message, outcome: { outcome: 'retained', reason: toReason(final) } };
  };
}
