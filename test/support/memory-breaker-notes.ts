import type { NotedOpening, Pause } from '../../lib/core/breaker/opening.ts';
import { STREAK_CAP } from '../../lib/core/breaker/streak.ts';
import { type SessionRef, toSessionKey } from '../../lib/core/ids.ts';
import type { BreakerNotes } from '../../lib/ports/breaker-notes.ts';

/** The breaker's notes in memory. */
export function createMemoryBreakerNotes(): BreakerNotes {
  let opening: NotedOpening | undefined;
  let pause: Pause | undefined;
  let healthy: SessionRef | undefined;
  let firstMs: number | undefined;
  const failed = new Set<string>();
  const removed = new Set<string>();

  function clear(): void {
    failed.clear();
    removed.clear();
    firstMs = undefined;
  }

  return {
    readOpening: async () => opening,
    async noteOpening(next) {
      opening = { ...next, closing: undefined };
    },
    async noteFailedProbe(openedMs, next) {
      if (opening?.openedMs === openedMs) opening = { ...opening, ...next };
    },
    async noteClosing(openedMs, closing) {
      if (opening?.openedMs === openedMs) opening = { ...opening, closing };
    },
    readPause: async () => pause,
    async notePause(next) {
      pause = next;
    },
    async clearPause() {
      pause = undefined;
    },
    readRow: async () => ({ failed: [...failed], healthy }),
    async noteSuccess({ websiteId, sessionId }) {
      clear();
      healthy = { websiteId, sessionId };
    },
    async noteFailure(session, nowMs) {
      firstMs ??= nowMs;
      if (failed.size < STREAK_CAP) failed.add(toSessionKey(session));
      return { sessions: [...failed], firstMs };
    },
    async noteRemoval(session) {
      if (removed.size < STREAK_CAP) removed.add(toSessionKey(session));
      return removed.size;
    },
    clearRow: async () => clear(),
  };
}
