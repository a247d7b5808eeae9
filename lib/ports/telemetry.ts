import type { Disposition } from '../core/errors/job-error.ts';
import type { FetchMode } from '../core/job/session-job.ts';
import type { FailureDecision } from '../core/retry/decide-failure.ts';

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
