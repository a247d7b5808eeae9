import type { DeadLetter } from '../dead-letters/dead-letter.ts';
import type { DeadLetterList, ListDeadLetters } from '../dead-letters/peek.ts';
import type { SessionRef } from '../ids.ts';
import type { Run, RunHistory } from '../ledger/runs.ts';
import type { Latest, RecordArchive } from '../record/archive.ts';

interface TraceSessionDependencies {
  readonly runHistory: RunHistory;
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  readonly list: ListDeadLetters;
}

interface TraceSessionOptions {
  /** The most runs. */
  readonly limit: number;
  /** The most dead letters to look at; undefined: all. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

/** What happened to a session, as far as anything of it is kept. */
export interface SessionTrace {
  readonly session: SessionRef;
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Its newest archived version; undefined where it was never archived. */
  readonly latest: Latest | undefined;
  readonly deadLetters: readonly DeadLetter[];
  readonly look: DeadLetterList;
}

/** Gathers what the ledger, the archive and the dead-letter queue know of a session. */
export function createTraceSession({ runHistory, archive, list }: TraceSessionDependencies) {
  return async (session: SessionRef, { limit, max, signal }: TraceSessionOptions): Promise<SessionTrace> => {
    const deadLetters: DeadLetter[] = [];
    const [runs, stored, look] = await Promise.all([
      runHistory.ofSession(session, { limit }),
      archive.getLatest(session),
      list({ filter: session, max, signal, onLetter: async (letter) => void deadLetters.push(letter) }),
    ]);
    return { session, runs, latest: stored?.latest, deadLetters, look };
  };
}
