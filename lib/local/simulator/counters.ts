import { type SessionRef, toSessionKey } from '../../core/ids.ts';

export interface RequestCount {
  readonly method: string;
  /** The route's name; `unknown` where no route matched. */
  readonly route: string;
  /** The HTTP status; `reset` or `hang` where a fault let there be none. */
  readonly status: number | 'reset' | 'hang';
  readonly session?: SessionRef | undefined;
}

export interface HookCounts {
  /** Events that happened, whether or not a hook wanted them. */
  events: number;
  /** Events × hooks that wanted them, and duplicates made on request. */
  deliveries: number;
  /** Requests sent to hooks. */
  attempts: number;
  acknowledged: number;
  /** Attempts after the first. */
  retries: number;
  failedAttempts: number;
  /** Given up after the last attempt. */
  abandoned: number;
  /** Never sent, on request. */
  lost: number;
  duplicated: number;
}

export interface CountersSnapshot {
  readonly requests: {
    readonly total: number;
    /** `GET conversation` → how often. */
    readonly byRoute: Readonly<Record<string, number>>;
    readonly byStatus: Readonly<Record<string, number>>;
    /** Requests answered from the read cache. */
    readonly cacheHits: number;
  };
  readonly hooks: Readonly<HookCounts>;
}

export interface Counters {
  readonly hooks: HookCounts;
  countRequest(request: RequestCount): void;
  countCacheHit(): void;
  snapshot(): CountersSnapshot;
  /** Requests about one session, by route. */
  ofSession(session: SessionRef): Readonly<Record<string, number>>;
  /** Requests by session key and route. */
  bySession(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  reset(): void;
}

/** Counts every request under `/v1` and every hook. Nothing else is counted. */
export function createCounters(): Counters {
  const byRoute = new Map<string, number>();
  const byStatus = new Map<string, number>();
  const sessions = new Map<string, Map<string, number>>();
  const hooks = noHooks();
  let total = 0;
  let cacheHits = 0;

  return {
    hooks,
    countRequest({ method, route, status, session }) {
      const key = `${method} ${route}`;
      total += 1;
      increment(byRoute, key);
      increment(byStatus, String(status));
      if (session !== undefined) increment(sessionCounts(sessions, toSessionKey(session)), key);
    },
    countCacheHit() {
      cacheHits += 1;
    },
    snapshot: () => ({
      requests: { total, byRoute: toObject(byRoute), byStatus: toObject(byStatus), cacheHits },
      hooks: { ...hooks },
    }),
    ofSession: (session) => toObject(sessions.get(toSessionKey(session)) ?? new Map()),
    bySession: () =>
      Object.fromEntries([...sessions].map(([key, counts]) => [key, toObject(counts)] as const)),
    reset() {
      for (const counts of [byRoute, byStatus, sessions]) counts.clear();
      Object.assign(hooks, noHooks());
      total = 0;
      cacheHits = 0;
    },
  };
}

function noHooks(): HookCounts {
  return {
    events: 0,
    deliveries: 0,
    attempts: 0,
    acknowledged: 0,
    retries: 0,
    failedAttempts: 0,
    abandoned: 0,
    lost: 0,
    duplicated: 0,
  };
}

function sessionCounts(sessions: Map<string, Map<string, number>>, key: string): Map<string, number> {
  const counts = sessions.get(key) ?? new Map<string, number>();
  sessions.set(key, counts);
  return counts;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function toObject(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
