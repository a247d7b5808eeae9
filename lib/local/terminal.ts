import type { Clock } from '../clock.ts';
import { parseSessionRef, type SessionRef } from '../ids.ts';
import type { EnrichedRecord } from '../record/schema.ts';
import type { Telemetry, TelemetryEvent } from '../telemetry/events.ts';
import { plural } from '../text.ts';
import type { MappingEvent, MappingState } from './lambda/batch.ts';
import { formatRecord } from './record-view.ts';
import { createTotalsCounter, formatProgress, type RunTotals } from './totals.ts';

// Often enough to see coalescing at work, seldom enough to read the rest.
const PROGRESS_EVERY_MS = 15_000;

// A record takes half a dozen lines: one now and then shows what comes out, more would hide the rest.
const RECORD_EVERY_MS = 15_000;

/** Reads an announced record; undefined where it is gone. */
export type ReadRecord = (session: SessionRef, version: number) => Promise<EnrichedRecord | undefined>;

export interface Terminal extends Telemetry {
  say(text: string): void;
  /**
   * From now on shows the content of a record every few seconds. For invented conversations only: what people really wrote
   * is in no output.
   */
  showRecords(read: ReadRecord): void;
  /** Shows what went wrong between the queue and the consumer. */
  showMapping(event: MappingEvent): void;
  totals(): RunTotals;
  stop(): void;
}

/** Shows what the pipeline does as it does it, a line an event, and from time to time what coalescing saved. */
export function openTerminal({ write, clock }: { write: (text: string) => void; clock: Clock }): Terminal {
  const counter = createTotalsCounter();
  const stopped = new AbortController();
  // A fetch is shown with what came of it: most of those that found nothing new need no line of their own.
  const fetches = new Map<string, Fetched>();
  let lastProgress = formatProgress(counter.totals());
  let readRecord: ReadRecord | undefined;
  let lastRecordMs = Number.NEGATIVE_INFINITY;

  const say = (text: string) => write(`${text}\n`);
  const sayIfAny = (text: string | undefined) => {
    if (text !== undefined) sayAt(text);
  };
  const sayAt = (text: string) => say(`${toTimeOfDay(clock.nowMs())}  ${text}`);
  showProgress();

  return {
    say,
    totals: counter.totals,
    stop: () => stopped.abort(),
    showRecords(read) {
      readRecord = read;
    },
    emit(event) {
      counter.count(event);
      if (event.name === 'conversation-fetched') {
        fetches.set(event.sessionId, { ...event, hooks: counter.takeHooks(event) });
        return;
      }
      const fetched =
        'sessionId' in event && event.sessionId ? takeFetch(event.sessionId, event.name) : undefined;
      if (fetched && event.name === 'record-unchanged') {
        sayAt(formatUnchanged(fetched));
        return;
      }
      if (fetched) sayAt(formatFetch(fetched));
      sayIfAny(formatEvent(event, counter.hooksOf));
      if (event.name === 'record-emitted' && event.kind === 'conversation.enriched')
        showRecord(event, fetched);
    },
    showMapping: (event) => sayIfAny(formatMappingEvent(event)),
  };

  function takeFetch(sessionId: string, name: TelemetryEvent['name']): Fetched | undefined {
    if (!ENDS_OF_A_FETCH.has(name)) return undefined;
    const fetched = fetches.get(sessionId);
    fetches.delete(sessionId);
    return fetched;
  }

  function showRecord(
    { websiteId, sessionId, version }: { websiteId: string; sessionId: string; version: number },
    fetched: Fetched | undefined,
  ): void {
    const nowMs = clock.nowMs();
    const session = parseSessionRef(websiteId, sessionId);
    if (!readRecord || !session || nowMs - lastRecordMs < RECORD_EVERY_MS) return;
    lastRecordMs = nowMs;
    readRecord(session, version).then(
      (record) => record && say(formatRecord(record, fetched?.hooks ?? 0)),
      () => undefined, // It is only a look; what is wrong with the archive, the consumer says.
    );
  }

  async function showProgress(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(PROGRESS_EVERY_MS, stopped.signal).catch(() => undefined);
      const progress = formatProgress(counter.totals());
      if (!stopped.signal.aborted && progress !== lastProgress) sayAt(progress);
      lastProgress = progress;
    }
  }
}

type Fetched = Extract<TelemetryEvent, { name: 'conversation-fetched' }> & {
  /** Queued since the fetch before. */
  readonly hooks: number;
};

const ENDS_OF_A_FETCH: ReadonlySet<TelemetryEvent['name']> = new Set([
  'record-emitted',
  'record-unchanged',
  'job-failed',
  'job-dead',
  'job-deferred',
  'job-skipped',
]);

function formatFetch({ sessionId, messages, pages, apiCalls, durationMs, hooks }: Fetched): string {
  const of = hooks > 1 ? `one fetch for ${plural(hooks, 'hook')}: ` : '';
  return line(
    'fetch',
    sessionId,
    `${of}${plural(messages, 'message')} in ${plural(pages, 'page')}, ${plural(apiCalls, 'request')}, ${durationMs} ms`,
  );
}

function formatUnchanged({ sessionId, apiCalls }: Fetched): string {
  return line('same', sessionId, `nothing new, ${plural(apiCalls, 'request')}`);
}

function toTimeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** One readable line for an event, without its time; undefined for events that a person watching need not see. */
function formatEvent(event: TelemetryEvent, hooksOf: (messageId: string) => number): string | undefined {
  switch (event.name) {
    case 'session-enqueued': {
      const hooks = hooksOf(event.messageId);
      return line(
        'hook',
        event.sessionId,
        `${event.event} ${hooks > 1 ? `coalesced (${hooks} in one message)` : 'queued'}`,
      );
    }
    case 'hook-refused':
      return line('hook', '', `refused with ${event.status}: ${event.code}${suffix(event.detail)}`);
    case 'record-emitted':
      return line(
        'record',
        event.sessionId,
        `${event.kind} version ${event.version}, ${event.claimCheck ? 'claim check for ' : ''}${toKilobytes(event.bytes)}`,
      );
    case 'record-unchanged':
      return line('same', event.sessionId, 'nothing new');
    case 'job-skipped':
      return line('skip', event.sessionId, event.reason);
    case 'job-covered':
      return line('same', event.sessionId, 'its record already covers this message: no request');
    case 'job-superseded':
      return line('wait', event.sessionId, 'a later message is fetched in its place: no request');
    case 'job-deferred':
      return line('defer', event.sessionId, `${event.reason}, again in ${event.delaySeconds} s`);
    case 'job-failed':
      // Where a defect happened stands in the structured log; here its name is enough.
      return line(
        'fail',
        event.sessionId ?? '',
        `${event.code}${event.code.startsWith('unexpected') ? '' : suffix(event.hint)}: attempt ${event.attempt}, ${event.decision === 'dead' ? 'the last' : `again in ${event.delaySeconds} s`}`,
      );
    case 'job-dead':
      return line('dead', event.sessionId ?? '', `${event.code}: on its way to the dead-letter queue`);
    case 'fields-odd':
      return line('warn', event.sessionId, `${plural(event.count, 'odd field')} set aside: ${event.paths}`);
    case 'paging-untrusted':
      return line(
        'warn',
        event.sessionId,
        'Crisp never said 206: walked to an empty page to be sure of the history',
      );
    case 'record-unreadable':
      return line('warn', event.sessionId, `archived version not read (${event.code}): read all of Crisp's`);
    case 'api-answered':
      return line('api', '', `${event.route}: ${event.status}, ${event.durationMs} ms`);
    case 'api-refused':
      return line('api', '', `refused: ${event.status} ${event.code}${suffix(event.detail)}`);
    case 'hook-warning':
      return line('warn', '', `${event.code}${suffix(event.detail)}`);
    case 'clock-suspect':
      return line('warn', '', `a message is due ${event.aheadMs} ms too late: clamped`);
    case 'bad-record':
      return line('warn', '', `${event.code}: ${event.detail}`);
    case 'ledger-unavailable':
      return line('warn', '', `the ledger is away (${event.operation}: ${event.code}); going on without it`);
    case 'visibility-unchanged':
      return line('warn', '', `visibility of message ${event.messageId} not changed: ${event.code}`);
    case 'breaker-opened':
      return line(
        'hold',
        event.sessionId ?? '',
        `the queue is held: ${event.code}${suffix(event.route)}; next look in ${event.nextLookSeconds} s`,
      );
    case 'breaker-closed':
      return line('hold', '', `the queue flows again${suffix(event.code)}`);
    case 'breaker-probed':
      return line(
        'hold',
        '',
        `looked whether ${event.code} has passed: ${event.outcome}${event.nextLookSeconds === undefined ? '' : `; next look in ${event.nextLookSeconds} s`}`,
      );
    case 'quota-low':
      return line('warn', '', `${event.used} of the day's ${event.quota} calls to Crisp are used`);
    case 'quota-reset-learned':
      return line(
        'hold',
        '',
        `Crisp begins its day at ${toTimeOfDay(event.resetMinute * 60_000).slice(0, 5)} UTC`,
      );
    case 'breaker-unchanged':
      return line('warn', '', `the event source mapping could not be switched: ${event.code}`);
    case 'conversations-reconciled':
      return line(
        'sweep',
        '',
        `${event.inCrisp} updated, ${event.missing + event.unknown} missing, ${event.enqueued} enqueued (${event.ended}); ${event.calls} requests`,
      );
    case 'person-noted':
      return line('hook', '', `${event.event}: the person's conversations follow within a minute`);
    case 'people-refreshed':
      return line(
        'people',
        '',
        `${plural(event.people, 'profile')} changed, ${event.waiting} waiting, ${event.enqueued} conversations enqueued (${event.ended})`,
      );
    case 'session-erased':
      return line('erase', event.sessionId, `removed at Crisp: ${plural(event.records, 'version')} deleted`);
    // Of a function that local mode does not run.
    case 'day-summarized':
    // Shown with the totals.
    case 'quota-counted':
    // Told every minute, for the alarm on AWS.
    case 'breaker-state':
    // Most of what Crisp sends is typing and presence: counted in the progress line, not shown one by one.
    case 'hook-ignored':
    case 'breaker-asked':
    case 'crisp-requested':
    // Shown with what came of it.
    case 'conversation-fetched':
    case 'job-acknowledged':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** `session_` and the first characters of what follows: enough to tell conversations apart. */
function shortenSessionId(sessionId: string): string {
  return sessionId.length > 17 ? `${sessionId.slice(0, 16)}…` : sessionId;
}

function line(kind: string, sessionId: string, text: string): string {
  return `${kind.padEnd(7)}${shortenSessionId(sessionId).padEnd(18)} ${text}`;
}

function suffix(text: string | undefined): string {
  return text === undefined ? '' : ` (${text})`;
}

function toKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

/** One readable line for what went wrong around the consumer; undefined for what goes as it should. */
function formatMappingEvent(event: MappingEvent): string | undefined {
  switch (event.name) {
    case 'invocation-failed':
      return `fail   the consumer threw on a batch of ${event.messages}: ${toName(event.error)}`;
    case 'invocation-timed-out':
      return `fail   the consumer ran out of time on a batch of ${event.messages}`;
    case 'response-invalid':
      return `fail   the consumer's answer to a batch of ${event.messages} is invalid: ${event.reason}`;
    case 'poll-failed':
      return `warn   the sessions queue does not answer (${toName(event.error)}); again in ${event.retryMs} ms`;
    case 'delete-failed':
      return `warn   ${plural(event.messages, 'message')} could not be deleted (${toName(event.error)}) and will be received again`;
    case 'schedule-failed':
      return `fail   a scheduled function threw: ${toName(event.error)}`;
    case 'state-changed':
      return formatState(event.state);
    case 'batch-received':
    case 'batch-finished':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Only a pause, a hold and their ends pass through these states; start and stop of local mode do not. */
function formatState(state: MappingState): string | undefined {
  if (state === 'Disabling')
    return 'hold   deliveries are switched off, messages wait in the queue; why: npx crisp-enrich status';
  return state === 'Enabling' ? 'hold   deliveries are switched on again' : undefined;
}

/** The name of what failed: its message may hold anything. */
function toName(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
