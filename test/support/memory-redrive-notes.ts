import { toSessionKey } from '../../lib/core/ids.ts';
import type { RedriveNotes } from '../../lib/ports/redrive-notes.ts';

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
