import { toSessionKey } from '../../lib/core/ids.ts';
import type { Look, LookNotes, RedriveNotes } from '../../lib/ports/redrive-notes.ts';

/** The redrives in memory. */
export function createMemoryRedriveNotes(): {
  -readonly [Method in keyof RedriveNotes]: RedriveNotes[Method];
} {
  const moments = new Map<string, readonly number[]>();
  const find = (key: string) => moments.get(key) ?? [];

  return {
    countSince: async (session, sinceMs) => find(toSessionKey(session)).filter((ms) => ms >= sinceMs).length,
    async note(session, nowMs) {
      const key = toSessionKey(session);
      moments.set(key, [...find(key), nowMs]);
    },
  };
}

/** The looks in memory. */
export function createMemoryLookNotes(): { -readonly [Method in keyof LookNotes]: LookNotes[Method] } {
  const looks = new Map<string, Look>();
  return {
    async begin(look) {
      const id = `look-${looks.size + 1}`;
      looks.set(id, look);
      return id;
    },
    async end(id) {
      looks.set(id, { startedMs: 0, untilMs: 0 });
    },
    open: async (nowMs) =>
      [...looks].map(([id, look]) => ({ id, ...look })).filter((it) => it.untilMs > nowMs),
  };
}
