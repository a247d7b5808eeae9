import type { RunTotals } from '../console/traffic.ts';
import type { EnrichedRecord } from '../record/schema.ts';
import type { TelemetryEvent } from '../telemetry/events.ts';
import { isJsonObject, plural, toVisible } from '../text.ts';
import type { MappingEvent, MappingState } from './lambda/batch.ts';

export type Fetched = Extract<TelemetryEvent, { name: 'conversation-fetched' }> & {
  /** Queued since the fetch before. */
  readonly hooks: number;
};

/** A fetch, with the hooks that it answered. */
export function formatFetch({ sessionId, messages, pages, apiCalls, durationMs, hooks }: Fetched): string {
  const of = hooks > 1 ? `one fetch for ${plural(hooks, 'hook')}: ` : '';
  return line(
    'fetch',
    sessionId,
    `${of}${plural(messages, 'message')} in ${plural(pages, 'page')}, ${plural(apiCalls, 'request')}, ${durationMs} ms`,
  );
}

/** The same where it found nothing new. */
export function formatUnchanged({ sessionId, apiCalls }: Fetched): string {
  return line('same', sessionId, `nothing new, ${plural(apiCalls, 'request')}`);
}

/** Of UTC. */
export function toTimeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/**
 * One readable line for an event, without its time; undefined for events that a person watching need not
 * see. `coalesced`: the hooks that wait in a queued hook's message.
 */
export function formatEvent(event: TelemetryEvent, coalesced: number): string | undefined {
  switch (event.name) {
    case 'session-enqueued':
      return line(
        'hook',
        event.sessionId,
        `${event.event} ${coalesced > 1 ? `coalesced (${coalesced} in one message)` : 'queued'}`,
      );
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
export function formatMappingEvent(event: MappingEvent): string | undefined {
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

const SHOWN_MESSAGES = 3;
const INDENT = ' '.repeat(17);

/** A record as a person would sum it up: who, in which state, how much, and what was said last. */
export function formatRecord(record: EnrichedRecord, hooks: number): string {
  const { meta, state, metrics, enrichment, messages } = record;
  const who = [meta?.nickname || 'somebody without a name', meta?.email && `<${meta.email}>`];
  const cost = `${plural(enrichment.api_calls, 'call')} to Crisp`;
  const rows = [
    `${toVisible(who.filter(Boolean).join(' '))}, ${state}: ${plural(metrics.messages, 'message')}; ${hooks > 1 ? `${plural(hooks, 'hook')}, ` : ''}${cost}`,
    ...messages.slice(-SHOWN_MESSAGES).map((message) => formatMessage(message)),
  ];
  return rows.map((row, index) => `${INDENT}${index === 0 ? '' : '  '}${row}`).join('\n');
}

const TEXT_WIDTH = 60;

function formatMessage(message: unknown): string {
  const { from, type, content } = isJsonObject(message) ? message : {};
  const text = toVisible((typeof content === 'string' ? content : `(${type})`).replaceAll(/\s+/g, ' '));
  const shown = text.length > TEXT_WIDTH ? `${text.slice(0, TEXT_WIDTH - 1)}…` : text;
  return `${(from === 'user' ? 'visitor' : String(from)).padEnd(9)} ${shown}`;
}

/** One line: what came in, what it cost, what coalescing saved. */
export function formatProgress(totals: RunTotals): string {
  const {
    hooksQueued,
    hooksIgnored,
    messages,
    conversationsFetched,
    crispRequests,
    loopRequests,
    recordsEmitted,
  } = totals;
  return (
    `total  ${plural(hooksQueued, 'hook')} (and ${hooksIgnored} ignored) → ${plural(messages, 'message')} → ` +
    `${plural(conversationsFetched, 'fetch', 'fetches')} (${plural(crispRequests, 'request')}; on every event ${loopRequests}) → ${plural(recordsEmitted, 'record')}${totals.unchanged > 0 ? ` (${totals.unchanged} found nothing new)` : ''}; coalescing saved ${formatSaving(totals)}${totals.callsToday === undefined ? '' : `; ${formatCallsLeft(totals.callsToday)}`}`
  );
}

/** What is left of the day's calls, those that an instance has leased left out. */
export function formatCallsLeft({ used, quota }: NonNullable<RunTotals['callsToday']>): string {
  return quota === 0 ? `${used} calls today` : `${Math.max(0, quota - used)} of ${quota} calls left today`;
}

/** How many fetches the queued hooks did not cost, with its share. */
export function formatSaving({ hooksQueued, messages, covered }: RunTotals): string {
  const saved = hooksQueued - messages + covered;
  const share = hooksQueued === 0 ? 0 : Math.round((100 * saved) / hooksQueued);
  return `${saved} of ${plural(hooksQueued, 'fetch', 'fetches')} (${share} %)`;
}
