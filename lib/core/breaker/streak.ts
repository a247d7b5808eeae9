/** The sessions that failed, one after the other, since the last one that succeeded. */
export interface Streak {
  /** Session keys, each once; no more than `STREAK_CAP`. */
  readonly sessions: readonly string[];
  /** Of the first failure, epoch ms. */
  readonly firstMs: number;
}

/** One session may be broken, two may be chance. */
const SESSIONS_OF_AN_OUTAGE = 3;

/** Refusals come in bursts: those of one moment are one. */
const REFUSALS_FOR_MS = 10_000;

/** More sessions than this prove nothing more, and would make the note large. */
export const STREAK_CAP = 20;

/** True where it is not the sessions: three different ones failed with no success between them. */
export function isOutage({ sessions }: Streak): boolean {
  return sessions.length >= SESSIONS_OF_AN_OUTAGE;
}

/** The same for refusals, which must have lasted for ten seconds. */
export function isLastingRefusal(streak: Streak, nowMs: number): boolean {
  return isOutage(streak) && nowMs - streak.firstMs >= REFUSALS_FOR_MS;
}

/** Half of the sessions queue's receive limit (20, in infra/queues.yml): a message refused this often needs a pause. */
export const REFUSED_RECEIVES_OF_AN_OUTAGE = 10;

/** For how long a session's failures are its own after a healthy one has refuted an opening; its first success ends it. */
const REFUTED_FOR_MS = 24 * 3600_000;

/** The sessions for which the breaker has opened, and which a healthy one has shown to be to blame themselves. */
export interface Refuted {
  /** Session keys; no more than `STREAK_CAP`. */
  readonly sessions: readonly string[];
  /** Of the newest refutation, epoch ms. */
  readonly atMs: number;
}

/** True where the session's failures count as its own, and neither open anything nor stand in a row. */
export function isRefuted({ sessions, atMs }: Refuted, sessionKey: string, nowMs: number): boolean {
  return nowMs - atMs < REFUTED_FOR_MS && sessions.includes(sessionKey);
}

/** As many removals in a row are believed; the next one looks like a Crisp that has lost its conversations. */
export const REMOVALS_IN_A_ROW = 10;
