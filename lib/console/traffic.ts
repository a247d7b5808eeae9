import type { SessionRef } from '../ids.ts';
import type { SeenHook } from '../operate/timeline.ts';
import type { Line, Savings, Station } from './model.ts';

/** A line without what its conversation says. */
export type TrafficLine = Omit<Line, 'session' | 'name' | 'lastMessage'> & { readonly session: SessionRef };

type Flow = Readonly<Record<Station['name'], Pick<Station, 'lastMinute' | 'minutes'>>>;

/** What flows through a stage: seen as it happens in local mode, derived from the run log of a deployed one. */
export interface Traffic {
  readonly isLive: boolean;
  /** Brings up to date what does not come by itself. Rejects where that cannot be read; what was known stays. */
  refresh(): Promise<void>;
  /** When all this was so. */
  asOfMs(): number;
  flow(): Flow;
  /** Hooks that were refused in the last fifteen minutes; undefined where nobody knows. */
  refused(): number | undefined;
  /** Undefined where only the ledger counts them. */
  savings(): Savings | undefined;
  /** One a conversation, the newest first. */
  lines(): readonly TrafficLine[];
  /** Lines that have changed since this was asked last. */
  takeChanged(): readonly TrafficLine[];
  /** The newest hooks of a session, where they are seen. */
  hooksOf(session: SessionRef): readonly SeenHook[];
}

/** What a run of local mode has come to, from its start. */
export interface RunTotals {
  readonly hooksQueued: number;
  readonly hooksIgnored: number;
  readonly hooksRefused: number;
  /** Distinct messages that SQS made of the queued hooks. */
  readonly messages: number;
  readonly conversationsFetched: number;
  readonly crispRequests: number;
  /** Of those, the ones for a conversation itself: one starts each fetch. */
  readonly conversationRequests: number;
  /** Requests that the official client would have made, had it read the conversation on every queued hook. */
  readonly loopRequests: number;
  readonly recordsEmitted: number;
  readonly removalsEmitted: number;
  readonly unchanged: number;
  /** Messages without a fetch of their own: the record answered them, or a later message stood for them. */
  readonly covered: number;
  /** As of the newest lease; undefined before the first. */
  readonly callsToday?: { readonly used: number; readonly quota: number };
}
