import { JobError } from '../core/errors/job-error.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import type { Clock } from '../ports/clock.ts';
import type { MessageNotes } from '../ports/message-notes.ts';
import type { BestEffort } from './best-effort.ts';

export interface VerdictsDependencies {
  readonly notes: Pick<MessageNotes, 'noteVerdict' | 'readVerdict'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
}

export type Verdicts = ReturnType<typeof createVerdicts>;

/**
 * Remembers which messages can never succeed, so that the receives which take them to the dead-letter queue cost no call
 * to Crisp. Without the ledger they are tried again each time: dearer, but no less safe.
 */
export function createVerdicts({ notes, bestEffort, clock }: VerdictsDependencies) {
  return {
    /** The failure of an earlier receive that is final; a message that is new cannot have one. */
    async find({ messageId, receiveCount }: ReceivedMessage): Promise<JobError | undefined> {
      if (receiveCount === 1) return undefined;
      const verdict = await bestEffort('read-verdict', () => notes.readVerdict(messageId));
      return (
        verdict && new JobError(verdict.code, verdict.detail === undefined ? {} : { detail: verdict.detail })
      );
    },

    /** Notes a failure that is final; any other is not noted. */
    async note({ messageId }: ReceivedMessage, { code, detail, disposition }: JobError): Promise<void> {
      if (disposition !== 'permanent') return;
      await bestEffort('note-verdict', () => notes.noteVerdict(messageId, { code, detail }, clock.nowMs()));
    },
  };
}
