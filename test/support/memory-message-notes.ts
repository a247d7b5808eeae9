import type { MessageNotes, Verdict } from '../../lib/ports/message-notes.ts';

/** The notes in memory. */
export function createMemoryMessageNotes(): MessageNotes {
  const absences = new Map<string, number>();
  const staleReads = new Map<string, number>();
  const verdicts = new Map<string, Verdict>();

  return {
    async noteAbsence(messageId, nowMs) {
      const firstMs = absences.get(messageId) ?? nowMs;
      absences.set(messageId, firstMs);
      return firstMs;
    },

    async countStaleRead(messageId) {
      const count = (staleReads.get(messageId) ?? 0) + 1;
      staleReads.set(messageId, count);
      return count;
    },

    async noteVerdict(messageId, verdict) {
      verdicts.set(messageId, verdict);
    },

    readVerdict: async (messageId) => verdicts.get(messageId),
  };
}
