import type { SessionRef } from '../ids.ts';
import { CONTROL_ROUTE } from './to-evidence.ts';

/** Why the breaker opened, and when it is to be tried again. Ids, codes and times, never content. */
export interface Opening {
  /** Epoch ms. */
  readonly openedMs: number;
  /** Code of the failure, or `too_many_removals`. */
  readonly code: string;
  /** The route of Crisp that failed, without its ids; undefined where it was not Crisp that failed. */
  readonly route: string | undefined;
  /** Whose run failed. */
  readonly session: SessionRef | undefined;
  /** How long the next look waits; doubled by each one that fails. */
  readonly holdOffSeconds: number;
  /** No look before this, epoch ms. */
  readonly nextProbeMs: number;
  /** Looks that found Crisp still failing. */
  readonly failedProbes: number;
}

/** The session that an opening is about; undefined where it is about a whole website. */
export function toOpenedFor({ session, route }: Pick<Opening, 'session' | 'route'>): SessionRef | undefined {
  return route === CONTROL_ROUTE ? undefined : session;
}

/** The newest opening, over or not. */
export interface NotedOpening extends Opening {
  readonly closing: Closing | undefined;
}

export interface Closing {
  /** Epoch ms. */
  readonly closedMs: number;
  /** True where others could be fetched all the time: what failed was one session's own. */
  readonly wasFalseAlarm: boolean;
}

/** An operator's explicit wish that nothing is fetched, in force until it is taken back. */
export interface Pause {
  /** Epoch ms. */
  readonly sinceMs: number;
  /** One clipped sentence for a person. */
  readonly reason: string;
}
