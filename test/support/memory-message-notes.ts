import type { Failure, FailureNote } from '../../lib/core/retry/failure-note.ts';
import { clipReason } from '../../lib/core/run/clip-reason.ts';
import type { FailureNotes, FailureWeight, MessageNotes } from '../../lib/ports/message-notes.ts';

/** The notes in memory. */
export function createMemoryMessageNotes(): MessageNotes & FailureNotes {
  const absences = new Map<string, number>();
  const staleReads = new Map<string, number>();
  const failures = new Map<string, LimitedFailure>();

  return {
    async noteAbsence(messageId, nowMs) {
      const firstMs = absences.get(messageId) ?? nowMs;
      absences.set(messageId, firstMs);
      return firstMs;
    },

    async clearAbsence(messageId) {
      absences.delete(messageId);
    },

    async countStaleRead(messageId) {
      const count = (staleReads.get(messageId) ?? 0) + 1;
      staleReads.set(messageId, count);
      return count;
    },

    async noteFailure(messageId, failure, options) {
      const next = addFailure(failures.get(messageId), failure, options);
      failures.set(messageId, next);
      return next.note;
    },

    readFailure: async (messageId) => failures.get(messageId)?.note,

    async readMany(messageIds) {
      const known = messageIds.map((messageId) => [messageId, failures.get(messageId)?.note] as const);
      return new Map(known.flatMap(([messageId, note]) => (note ? [[messageId, note]] : [])));
    },
  };
}

interface LimitedFailure {
  readonly note: FailureNote;
  /** Of the first failure: what was final once stays so, whatever later ones say. */
  readonly maxAttempts: number;
}

function addFailure(
  before: LimitedFailure | undefined,
  { code, detail, hint, status }: Failure,
  { spendsAttempt, isPermanent, nowMs, ...options }: FailureWeight & { readonly nowMs: number },
): LimitedFailure {
  const maxAttempts = before?.maxAttempts ?? options.maxAttempts;
  const failures = (before?.note.failures ?? 0) + (spendsAttempt ? 1 : 0);
  const isFinal = (before?.note.isFinal ?? false) || isPermanent || failures >= maxAttempts;
  const firstMs = before?.note.firstMs ?? nowMs;
  const clipped = hint === undefined ? undefined : clipReason(hint);
  return {
    maxAttempts,
    note: { code, detail, hint: clipped, status, failures, isFinal, firstMs, lastMs: nowMs },
  };
}
