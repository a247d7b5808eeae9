import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { FailureNote } from '../../core/retry/failure-note.ts';
import type { MessageNotes } from '../../ports/message-notes.ts';
import type { BestEffort } from '../best-effort.ts';

/** What is known of the earlier receives of a message. */
export interface RecalledFailure {
  /** Which attempt this receive is, 1-based: the ledger's count, or where the ledger is away, that of the receives. */
  readonly attempt: number;
  /** The failure after which no further attempt is made. */
  readonly final: FailureNote | undefined;
}

export type RecallFailure = (message: ReceivedMessage) => Promise<RecalledFailure>;

export interface RecallFailureDependencies {
  readonly notes: Pick<MessageNotes, 'readFailure'>;
  readonly bestEffort: BestEffort;
}

/**
 * Looks up what a message's earlier receives came to, so that those which take it to the dead-letter queue cost no call to
 * Crisp. Without the ledger they are tried again each time: dearer, but no less safe.
 */
export function createRecallFailure({ notes, bestEffort }: RecallFailureDependencies): RecallFailure {
  return async ({ messageId, receiveCount }) => {
    // A message that is new has no past, and most are: they cost the ledger nothing.
    if (receiveCount === 1) return { attempt: 1, final: undefined };
    const recalled = await bestEffort('read-failure', async () => ({
      note: await notes.readFailure(messageId),
    }));
    if (!recalled) return { attempt: receiveCount, final: undefined };
    const { note } = recalled;
    return { attempt: (note?.failures ?? 0) + 1, final: note?.isFinal ? note : undefined };
  };
}
