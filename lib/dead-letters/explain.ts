import type { FailureNote } from '../ledger/failure-notes.ts';
import type { Run } from '../ledger/runs.ts';
import type { DeadLetterContext } from './context.ts';
import {
  type DeadLetter,
  type DeadLetterEvidence,
  type ReceivedDeadLetter,
  readJob,
  toDeadLetter,
} from './dead-letter.ts';

type ExplainContext = Pick<DeadLetterContext, 'failureNotes' | 'runHistory' | 'onlyWebsiteId'>;

interface ExplainedDeadLetters {
  /** In the order in which they were received. */
  readonly letters: readonly DeadLetter[];
  /** Why the ledger could not be asked; undefined where it answered. */
  readonly ledgerFailure: unknown;
}

// The newest runs of a session, among which those of one message are looked for: 20 receives of a few messages.
const RUNS_LOOKED_AT = 100;

/** Joins dead letters with what the ledger knows of them. Never rejects: without the ledger they have no reasons. */
export async function explainDeadLetters(
  context: ExplainContext,
  received: readonly ReceivedDeadLetter[],
  retentionSeconds: number | undefined,
): Promise<ExplainedDeadLetters> {
  const { failureNotes, onlyWebsiteId } = context;
  const join = (evidence: readonly DeadLetterEvidence[]) =>
    received.map((letter, index) =>
      toDeadLetter(letter, evidence[index] ?? NOT_READ, { retentionSeconds, onlyWebsiteId }),
    );
  try {
    const notes = await failureNotes.readMany(received.map(({ messageId }) => messageId));
    const evidence = await Promise.all(
      received.map((letter) => gather(context, letter, notes.get(letter.messageId))),
    );
    return { letters: join(evidence), ledgerFailure: undefined };
  } catch (ledgerFailure) {
    return { letters: join([]), ledgerFailure };
  }
}

async function gather(
  context: ExplainContext,
  letter: ReceivedDeadLetter,
  note: FailureNote | undefined,
): Promise<DeadLetterEvidence> {
  // Notes end before a message that has waited long does; the run log goes back further.
  const runs = note ? [] : await findRuns(context, letter);
  return { note, runs, isLedgerRead: true };
}

async function findRuns(
  { runHistory, onlyWebsiteId }: ExplainContext,
  { messageId, body }: ReceivedDeadLetter,
): Promise<readonly Run[]> {
  const limit = { limit: RUNS_LOOKED_AT };
  const { job } = readJob(body, onlyWebsiteId);
  const runs = job
    ? await runHistory.ofSession(job, limit)
    : await runHistory.ofUnreadMessage(messageId, limit);
  return runs.filter((run) => run.messageId === messageId);
}

const NOT_READ: DeadLetterEvidence = { note: undefined, runs: [], isLedgerRead: false };
