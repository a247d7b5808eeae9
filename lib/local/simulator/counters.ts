import { type SessionRef, toSessionKey } from '../../ids.ts';

interface RequestCount {
  readonly method: string;
  /** The route's name; `unknown` where no route matched. */
  readonly route: string;
  /** The HTTP status; `reset` or `hang` where a fault let there be none. */
  readonly status: number | 'reset' | 'hang';
  readonly session?: SessionRef | undefined;
}

const NO_HOOKS = {
  /** Events that happened, whether or not a hook wanted them. */
  events: 0,
  /** Events × hooks that wanted them, and duplicates made on request. */
  deliveries: 0,
  /** Requests sent to hooks. */
  attempts: 0,
  acknowledged: 0,
  /** Attempts after the first. */
  retries: 0,
  failedAttempts: 0,
  /** Given up after the last attempt. */
  abandoned: 0,
  /** Never sent, on request. */
  lost: 0,
  duplicated: 0,
};

type HookCounts = typeof NO_HOOKS;
export type CountersSnapshot = ReturnType<Counters['snapshot']>;
export type Counters = ReturnType<typeof createCounters>;

/** Counts every request of the API and every hook. Nothing else is counted. */
export function createCounters() {
  const byRoute = new Map<string, number>();
  const byStatus = new Map<string, number>();
  const sessions = new Map<string, Map<string, number>>();
  const hooks: HookCounts = { ...NO_HOOKS };
  let total = 0;
  let cacheHits = 0;

  return {
    hooks,
    countRequest({ method, route, status, session }: RequestCount): void {
      const key = `${method} ${route}`;
      total += 1;
      increment(byRoute, key);
      increment(byStatus, String(status));
      if (session === undefined) return;
      const counts = sessions.get(toSessionKey(session)) ?? new Map<string, number>();
      sessions.set(toSessionKey(session), counts);
      increment(counts, key);
    },
    countCacheHit(): void {
      cacheHits += 1;
    },
    snapshot: () => ({
      requests: {
        total,
        /** `GET conversation` → how often. */
        byRoute: toObject(byRoute),
        byStatus: toObject(byStatus),
        /** Requests answered from the read cache. */
        cacheHits,
      },
      hooks: { ...hooks },
    }),
    /** Requests about one session, by route. */
    ofSession: (session: SessionRef) => toObject(sessions.get(toSessionKey(session)) ?? new Map()),
    /** Requests by session key and route. */
    bySession: () => Object.fromEntries([...sessions].map(([key, counts]) => [key, toObject(counts)])),
    reset(): void {
      for (const counts of [byRoute, byStatus, sessions]) counts.clear();
      Object.assign(hooks, NO_HOOKS);
      total = 0;
      cacheHits = 0;
    },
  };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function toObject(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
