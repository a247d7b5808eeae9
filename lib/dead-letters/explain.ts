import type { WebsiteId } from '../ids.ts';
import type { FailureNote, FailureNotes } from '../ledger/failure-notes.ts';
import type { Run, RunHistory } from '../ledger/runs.ts';
import {
  type DeadLetter,
  type DeadLetterEvidence,
  type ReceivedDeadLetter,
  readJob,
  toDeadLetter,
} from './dead-letter.ts';

interface ExplainDeadLettersDependencies {
  readonly failureNotes: FailureNotes;
  readonly runHistory: RunHistory;
  /** The website of a message that names none, as the consumer has it. */
  readonly onlyWebsiteId?: WebsiteId | undefined;
}

interface ExplainedDeadLetters {
  /** In the order in which they were received. */
  readonly letters: readonly DeadLetter[];
  /** Why the ledger could not be asked; undefined where it answered. */
  readonly ledgerFailure: unknown;
}

// The newest runs of a session, among which those of one message are looked for: 20 receives of a few messages.
const RUNS_LOOKED_AT = 100;

export type ExplainDeadLetters = ReturnType<typeof createExplainDeadLetters>;

/** Joins dead letters with what the ledger knows of them. Never rejects: without the ledger they have no reasons. */
export function createExplainDeadLetters({
  failureNotes,
  runHistory,
  onlyWebsiteId,
}: ExplainDeadLettersDependencies) {
  return async (
    received: readonly ReceivedDeadLetter[],
    retentionSeconds: number | undefined,
  ): Promise<ExplainedDeadLetters> => {
    const join = (letters: readonly ReceivedDeadLetter[], evidence: readonly DeadLetterEvidence[]) =>
      letters.map((letter, index) =>
        toDeadLetter(letter, evidence[index] ?? NOT_READ, { retentionSeconds, onlyWebsiteId }),
      );
    try {
      const notes = await failureNotes.readMany(received.map(({ messageId }) => messageId));
      const evidence = await Promise.all(
        received.map((letter) => gather(letter, notes.get(letter.messageId))),
      );
      return { letters: join(received, evidence), ledgerFailure: undefined };
    } catch (ledgerFailure) {
      const nothing = received.map(() => NOT_READ);
      return { letters: join(received, nothing), ledgerFailure };
    }
  };

  async function gather(
    letter: ReceivedDeadLetter,
    note: FailureNote | undefined,
  ): Promise<DeadLetterEvidence> {
    // Notes end before a message that has waited long does; the run log goes back further.
    const runs = note ? [] : await findRuns(letter);
    return { note, runs, isLedgerRead: true };
  }

  async function findRuns({ messageId, body }: ReceivedDeadLetter): Promise<readonly Run[]> {
    const limit = { limit: RUNS_LOOKED_AT };
    const { job } = readJob(body, onlyWebsiteId);
    const runs = job
      ? await runHistory.ofSession(job, limit)
      : await runHistory.ofUnreadMessage(messageId, limit);
    return runs.filter((run) => run.messageId === messageId);
  }
}

const NOT_READ: DeadLetterEvidence = { note: undefined, runs: [], isLedgerRead: false };
