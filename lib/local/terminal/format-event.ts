import { plural } from '../../core/text/plural.ts';
import type { TelemetryEvent } from '../../ports/telemetry.ts';

/** One readable line for an event, without its time; undefined for events that a person watching need not see. */
export function formatEvent(
  event: TelemetryEvent,
  hooksOf: (messageId: string) => number,
): string | undefined {
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
    case 'conversation-fetched':
      return line(
        'fetch',
        event.sessionId,
        `${plural(event.messages, 'message')} in ${plural(event.pages, 'page')}, ${plural(event.apiCalls, 'request')}, ${event.durationMs} ms`,
      );
    case 'record-emitted':
      return line(
        'record',
        event.sessionId,
        `${event.kind} version ${event.version}, ${event.claimCheck ? 'claim check for ' : ''}${toKilobytes(event.bytes)}`,
      );
    case 'record-unchanged':
      return line('record', event.sessionId, `unchanged since version ${event.version}, nothing announced`);
    case 'job-skipped':
      return line('skip', event.sessionId, event.reason);
    case 'job-deferred':
      return line('defer', event.sessionId, `${event.reason}, again in ${event.delaySeconds} s`);
    case 'job-failed':
      // Where a defect happened stands in the structured log; here its name is enough.
      return line(
        'fail',
        event.sessionId ?? '',
        `${event.code}${event.code.startsWith('unexpected') ? '' : suffix(event.hint)}: attempt ${event.attempt}, again in ${event.delaySeconds} s`,
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
    case 'breaker-unchanged':
      return line('warn', '', `the tap of the queue could not be turned: ${event.code}`);
    // Of a function that local mode does not run.
    case 'day-summarized':
    // Told every minute, for the alarm on AWS.
    case 'breaker-state':
    // Most of what Crisp sends is typing and presence: counted in the progress line, not shown one by one.
    case 'hook-ignored':
    case 'breaker-asked':
    case 'crisp-requested':
    case 'job-acknowledged':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** `session_` and the first characters of what follows: enough to tell conversations apart. */
export function shortenSessionId(sessionId: string): string {
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
