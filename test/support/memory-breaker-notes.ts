import type { NotedOpening, Pause } from '../../lib/core/breaker/opening.ts';
import { type Refuted, STREAK_CAP } from '../../lib/core/breaker/streak.ts';
import { type SessionRef, toSessionKey } from '../../lib/core/ids.ts';
import type { BreakerNotes } from '../../lib/ports/breaker-notes.ts';

/** The breaker's notes in memory. */
export function createMemoryBreakerNotes(): BreakerNotes {
  let opening: NotedOpening | undefined;
  let pause: Pause | undefined;
  let healthy: SessionRef | undefined;
  let firstMs: number | undefined;
  let refuted: Refuted = { sessions: [], atMs: 0 };
  let tried: readonly string[] = [];
  const failed = new Set<string>();
  const removed = new Set<string>();

  function clear(): void {
    failed.clear();
    removed.clear();
    firstMs = undefined;
    tried = [];
  }

  function refute(sessionKeys: readonly string[], nowMs: number): void {
    clear();
    if (sessionKeys.length === 0) return;
    const sessions = [...new Set([...sessionKeys, ...refuted.sessions])].slice(0, STREAK_CAP);
    refuted = { sessions, atMs: nowMs };
  }

  return {
    readOpening: async () => opening,
    async noteOpening(next, replacesMs) {
      if (opening?.openedMs !== replacesMs) return false;
      opening = { ...next, closing: undefined };
      return true;
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
    readRow: async () => ({ failed: [...failed], healthy, refuted }),
    async noteSuccess({ websiteId, sessionId }, nowMs) {
      const key = toSessionKey({ websiteId, sessionId });
      refuted = { ...refuted, sessions: refuted.sessions.filter((each) => each !== key) };
      refute(
        tried.filter((each) => each !== key),
        nowMs,
      );
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
    refute: async (sessionKeys, nowMs) => refute(sessionKeys, nowMs),
    async noteTrial(sessionKeys) {
      tried = sessionKeys.slice(0, STREAK_CAP);
    },
    clearRow: async () => clear(),
  };
}
