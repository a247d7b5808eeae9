import type { TelemetryEvent, TelemetryEventName } from '../../ports/telemetry.ts';

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
