import type { Disposition, FailureDecision } from '../errors.ts';
import type { FetchMode } from '../ids.ts';

interface Session {
  readonly websiteId: string;
  readonly sessionId: string;
}

/**
 * All that the pipeline ever says about its work. The fields are an allow-list: ids, counts, codes, durations; there is
 * no place for message text, contact data or secrets.
 */
export type TelemetryEvent =
  | ({
      readonly name: 'session-enqueued';
      readonly event: string;
      readonly mode: FetchMode;
      readonly messageId: string;
      readonly bucketMs: number;
      readonly sequenceNumber?: string;
    } & Session)
  | { readonly name: 'hook-ignored'; readonly code: string; readonly event?: string }
  | {
      readonly name: 'hook-refused';
      readonly code: string;
      readonly status: number;
      readonly detail?: string;
      /** How many refusals before this one have no line of their own; the log's part to say. */
      readonly unlogged?: number;
    }
  | { readonly name: 'hook-warning'; readonly code: string; readonly detail?: string }
  | ({
      readonly name: 'conversation-fetched';
      readonly messages: number;
      readonly pages: number;
      readonly apiCalls: number;
      readonly durationMs: number;
      readonly terminatedBy: string;
      readonly coversLatestMessage: boolean | null;
    } & Session)
  /** Fields of Crisp's had another type than the record promises; `paths` names at most ten, never their values. */
  | ({ readonly name: 'fields-odd'; readonly count: number; readonly paths: string } & Session)
  | ({ readonly name: 'paging-untrusted'; readonly pages: number } & Session)
  | ({
      readonly name: 'record-emitted';
      readonly kind: string;
      readonly version: number;
      readonly bytes: number;
      readonly claimCheck: boolean;
    } & Session)
  | ({ readonly name: 'record-unchanged'; readonly version: number } & Session)
  | ({ readonly name: 'job-skipped'; readonly reason: string; readonly messageId: string } & Session)
  | ({
      readonly name: 'job-deferred';
      readonly reason: string;
      readonly messageId: string;
      readonly delaySeconds: number;
    } & Session)
  | ({ readonly name: 'job-acknowledged'; readonly messageId: string } & Session)
  | {
      readonly name: 'job-failed';
      readonly code: string;
      readonly disposition: Disposition;
      readonly decision: FailureDecision['decision'];
      readonly messageId: string;
      readonly attempt: number;
      readonly delaySeconds: number;
      readonly websiteId?: string;
      readonly sessionId?: string;
      readonly status?: number;
      readonly hint?: string;
    }
  | {
      readonly name: 'job-dead';
      readonly code: string;
      readonly messageId: string;
      readonly attempt: number;
      readonly websiteId?: string;
      readonly sessionId?: string;
      readonly status?: number;
      readonly hint?: string;
    }
  | { readonly name: 'clock-suspect'; readonly messageId: string; readonly aheadMs: number }
  | { readonly name: 'bad-record'; readonly code: string; readonly detail: string }
  | { readonly name: 'ledger-unavailable'; readonly operation: string; readonly code: string }
  | { readonly name: 'visibility-unchanged'; readonly messageId: string; readonly code: string }
  | ({
      readonly name: 'breaker-opened';
      readonly code: string;
      readonly route?: string;
      readonly nextLookSeconds: number;
    } & Partial<Session>)
  /** A healthy session was asked for what another one was denied. */
  | ({
      readonly name: 'breaker-asked';
      readonly code: string;
      readonly route: string;
      readonly outcome: 'healthy' | 'failing' | 'unknown';
    } & Session)
  | { readonly name: 'breaker-closed'; readonly code?: string }
  | {
      readonly name: 'breaker-probed';
      readonly code: string;
      readonly outcome: string;
      /** Where it still fails. */
      readonly nextLookSeconds?: number;
    }
  | {
      readonly name: 'breaker-state';
      readonly isOpen: boolean;
      readonly isPaused: boolean;
      readonly code?: string;
    }
  | { readonly name: 'breaker-unchanged'; readonly code: string }
  | {
      readonly name: 'day-summarized';
      readonly accepted: number;
      readonly announced: number;
      readonly unchanged: number;
      /** Codes and their counts, as a text. */
      readonly deaths: string;
      readonly waiting: number;
      readonly deadLetters: number;
      readonly soonestExpiry?: string;
    }
  | {
      readonly name: 'crisp-requested';
      readonly route: string;
      readonly status: number;
      readonly durationMs: number;
    };

export type TelemetryEventName = TelemetryEvent['name'];

/** Where events go: structured log and metrics on AWS, a readable terminal in local mode, an array in tests. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
}

type FieldsOf<Name extends TelemetryEventName> = Exclude<
  keyof Extract<TelemetryEvent, { name: Name }>,
  'name'
>;

const SESSION = { websiteId: true, sessionId: true } as const;
const FAILED_JOB = { code: true, messageId: true, attempt: true, status: true, hint: true } as const;

/**
 * What a log line may hold, event by event. An object that has more in it than its type says shows no more than this;
 * and a new event, or a new field of one, does not compile until it stands here.
 */
export const LOGGED_FIELDS: {
  readonly [Name in TelemetryEventName]: Readonly<Record<FieldsOf<Name>, true>>;
} = {
  'session-enqueued': {
    ...SESSION,
    event: true,
    mode: true,
    messageId: true,
    bucketMs: true,
    sequenceNumber: true,
  },
  'hook-ignored': { code: true, event: true },
  'hook-refused': { code: true, status: true, detail: true, unlogged: true },
  'hook-warning': { code: true, detail: true },
  'conversation-fetched': {
    ...SESSION,
    messages: true,
    pages: true,
    apiCalls: true,
    durationMs: true,
    terminatedBy: true,
    coversLatestMessage: true,
  },
  'fields-odd': { ...SESSION, count: true, paths: true },
  'paging-untrusted': { ...SESSION, pages: true },
  'record-emitted': { ...SESSION, kind: true, version: true, bytes: true, claimCheck: true },
  'record-unchanged': { ...SESSION, version: true },
  'job-skipped': { ...SESSION, reason: true, messageId: true },
  'job-deferred': { ...SESSION, reason: true, messageId: true, delaySeconds: true },
  'job-acknowledged': { ...SESSION, messageId: true },
  'job-failed': { ...SESSION, ...FAILED_JOB, disposition: true, decision: true, delaySeconds: true },
  'job-dead': { ...SESSION, ...FAILED_JOB },
  'clock-suspect': { messageId: true, aheadMs: true },
  'bad-record': { code: true, detail: true },
  'ledger-unavailable': { operation: true, code: true },
  'visibility-unchanged': { messageId: true, code: true },
  'breaker-opened': { ...SESSION, code: true, route: true, nextLookSeconds: true },
  'breaker-asked': { ...SESSION, code: true, route: true, outcome: true },
  'breaker-closed': { code: true },
  'breaker-probed': { code: true, outcome: true, nextLookSeconds: true },
  'breaker-state': { isOpen: true, isPaused: true, code: true },
  'breaker-unchanged': { code: true },
  'day-summarized': {
    accepted: true,
    announced: true,
    unchanged: true,
    deaths: true,
    waiting: true,
    deadLetters: true,
    soonestExpiry: true,
  },
  'crisp-requested': { route: true, status: true, durationMs: true },
};
