import { toSessionKey } from '../../lib/core/ids.ts';
import type { SessionNotes } from '../../lib/ports/session-notes.ts';

const ABSENCE_MS = 24 * 3600 * 1000;

/** The notes in memory; an absence is forgotten after a day, as in the ledger. */
export function createMemorySessionNotes(): SessionNotes {
  const absences = new Map<string, number>();
  const staleReads = new Map<string, number>();

  return {
    async noteAbsence(session, nowMs) {
      const key = toSessionKey(session);
      const firstMs = absences.get(key);
      if (firstMs !== undefined && firstMs + ABSENCE_MS > nowMs) return firstMs;
      absences.set(key, nowMs);
      return nowMs;
    },

    async clearAbsence(session) {
      absences.delete(toSessionKey(session));
    },

    async countStaleRead(messageId) {
      const count = (staleReads.get(messageId) ?? 0) + 1;
      staleReads.set(messageId, count);
      return count;
    },
  };
}
