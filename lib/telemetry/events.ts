import type { Disposition, FailureDecision } from '../errors.ts';
import type { FetchMode } from '../ids.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A field of an event: its type, and whether it may be absent. The type exists for the compiler alone. */
interface Field<Type, Presence extends 'always' | 'sometimes' = 'always'> {
  readonly presence: Presence;
  readonly type?: Type;
}

type Fields = Readonly<Record<string, Field<unknown, 'always' | 'sometimes'>>>;

const always = <Type>(): Field<Type> => ({ presence: 'always' });
const sometimes = <Type>(): Field<Type, 'sometimes'> => ({ presence: 'sometimes' });

const text = always<string>();
const number = always<number>();
const flag = always<boolean>();
const maybeText = sometimes<string>();
const maybeNumber = sometimes<number>();

const SESSION = { websiteId: text, sessionId: text };
const MAYBE_SESSION = { websiteId: maybeText, sessionId: maybeText };
const FAILED_JOB = {
  ...MAYBE_SESSION,
  code: text,
  messageId: text,
  attempt: number,
  status: maybeNumber,
  hint: maybeText,
};

/**
 * All that the pipeline ever says about its work: each event with its level and its fields. The fields are an
 * allow-list: ids, counts, codes, durations; there is no place for message text, contact data or secrets. An object that
 * has more in it than its event says shows no more than this. The types of the events are derived from here.
 */
export const EVENTS = {
  'session-enqueued': event('info', {
    ...SESSION,
    event: text,
    mode: always<FetchMode>(),
    messageId: text,
    bucketMs: number,
    sequenceNumber: maybeText,
  }),
  /** Their profile changed: their conversations are enqueued by the next run of the sweeps' function. */
  'person-noted': event('info', { event: text, websiteId: text, peopleId: text }),
  'hook-ignored': event('info', { code: text, event: maybeText }),
  'hook-refused': event('warn', {
    code: text,
    status: number,
    detail: maybeText,
    /** How many refusals before this one have no line of their own; the logger adds it. */
    unlogged: maybeNumber,
  }),
  'hook-warning': event('warn', { code: text, detail: maybeText }),
  'conversation-fetched': event('info', {
    ...SESSION,
    messages: number,
    mode: always<FetchMode>(),
    pages: number,
    apiCalls: number,
    durationMs: number,
    terminatedBy: text,
    coversLatestMessage: always<boolean | null>(),
  }),
  /** Fields of Crisp's had another type than the record promises; `paths` names at most ten, never their values. */
  'fields-odd': event('warn', { ...SESSION, count: number, paths: text }),
  'paging-untrusted': event('warn', { ...SESSION, pages: number }),
  'record-emitted': event('info', {
    ...SESSION,
    kind: text,
    version: number,
    bytes: number,
    claimCheck: flag,
  }),
  /** The version that an incremental fetch would build on; all is read instead. */
  'record-unreadable': event('warn', { ...SESSION, version: number, code: text }),
  'record-unchanged': event('info', { ...SESSION, version: number }),
  'job-skipped': event('info', { ...SESSION, reason: text, messageId: text }),
  'job-deferred': event('info', { ...SESSION, reason: text, messageId: text, delaySeconds: number }),
  /** Acknowledged without a call to Crisp: the record that was announced last answers it. */
  'job-covered': event('info', { ...SESSION, messageId: text }),
  /** The same: a later message of the session, sent already, is fetched in its place. */
  'job-superseded': event('info', { ...SESSION, messageId: text }),
  'job-acknowledged': event('info', { ...SESSION, messageId: text }),
  'job-failed': event('warn', {
    ...FAILED_JOB,
    disposition: always<Disposition>(),
    decision: always<FailureDecision['decision']>(),
    delaySeconds: number,
  }),
  'job-dead': event('error', FAILED_JOB),
  'clock-suspect': event('warn', { messageId: text, aheadMs: number }),
  'bad-record': event('error', { code: text, detail: text }),
  'ledger-unavailable': event('warn', { operation: text, code: text }),
  'visibility-unchanged': event('warn', { messageId: text, code: text }),
  'breaker-opened': event('error', {
    ...MAYBE_SESSION,
    code: text,
    route: maybeText,
    nextLookSeconds: number,
  }),
  /** A healthy session was asked for what another one was denied. */
  'breaker-asked': event('info', {
    ...SESSION,
    code: text,
    route: text,
    outcome: always<'healthy' | 'failing' | 'unknown'>(),
  }),
  'breaker-closed': event('warn', { code: maybeText }),
  /** `nextLookSeconds` where it still fails. */
  'breaker-probed': event('info', { code: text, outcome: text, nextLookSeconds: maybeNumber }),
  'breaker-state': event('debug', { isOpen: flag, isPaused: flag, code: maybeText }),
  'breaker-unchanged': event('error', { code: text }),
  /** Told with every lease of calls. */
  'quota-counted': event('debug', { used: number, quota: number }),
  'quota-low': event('warn', { used: number, quota: number }),
  /** Crisp was seen to begin a day so many minutes after midnight UTC. */
  'quota-reset-learned': event('info', { resetMinute: number }),
  /** `route` is its path with the names of its ids, never the ids. */
  'api-answered': event('info', { route: text, status: number, durationMs: number }),
  'api-refused': event('warn', { code: text, status: number, detail: maybeText, unlogged: maybeNumber }),
  /** One sweep of a website: what Crisp lists as updated, and how it stands. `ended`: `complete`, or why not. */
  'conversations-reconciled': event('info', {
    websiteId: text,
    inCrisp: number,
    current: number,
    missing: number,
    deadLettered: number,
    unknown: number,
    enqueued: number,
    calls: number,
    ended: text,
  }),
  /** One run over the people whose profile changed; `waiting` of them are left. `ended`: `complete`, or why not. */
  'people-refreshed': event('info', { people: number, waiting: number, enqueued: number, ended: text }),
  /** `ON_REMOVED`: what was archived of a removed conversation is deleted, with its notes. */
  'session-erased': event('info', { ...SESSION, records: number, notes: number }),
  'day-summarized': event('info', {
    accepted: number,
    announced: number,
    unchanged: number,
    /** Codes and their counts, as a text. */
    deaths: text,
    waiting: number,
    deadLetters: number,
    soonestExpiry: maybeText,
  }),
  'crisp-requested': event('debug', { route: text, status: number, durationMs: number }),
} as const;

function event<Of extends Fields>(level: LogLevel, fields: Of): { level: LogLevel; fields: Of } {
  return { level, fields };
}

export type TelemetryEventName = keyof typeof EVENTS;

type FieldsOf<Name extends TelemetryEventName> = (typeof EVENTS)[Name]['fields'];

type NamesOf<Of, Presence> = {
  [Name in keyof Of]: Of[Name] extends Field<unknown, infer Its>
    ? Its extends Presence
      ? Name
      : never
    : never;
}[keyof Of];

type TypeOf<One> = One extends Field<infer Type, 'always' | 'sometimes'> ? Type : never;

/** One object type for each event, told apart by `name`. */
export type TelemetryEvent = {
  [Name in TelemetryEventName]: { readonly name: Name } & {
    readonly [It in NamesOf<FieldsOf<Name>, 'always'>]: TypeOf<FieldsOf<Name>[It]>;
  } & {
    readonly [It in NamesOf<FieldsOf<Name>, 'sometimes'>]?: TypeOf<FieldsOf<Name>[It]>;
  };
}[TelemetryEventName];

/** Where events go: structured log and metrics on AWS, a readable terminal in local mode, an array in tests. */
export interface Telemetry {
  emit(event: TelemetryEvent): void;
}
