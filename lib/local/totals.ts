import { toLoopCalls } from '../console/live-traffic.ts';
import type { TelemetryEvent } from '../telemetry/events.ts';
import { plural } from '../text.ts';

type CallsToday = Omit<Extract<TelemetryEvent, { name: 'quota-counted' }>, 'name'>;

/** What a run of local mode came to, counted from the events of the pipeline alone. */
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
  readonly skipped: number;
  /** Messages without a fetch of their own: the record answered them, or a later message stood for them. */
  readonly covered: number;
  readonly failures: number;
  /** As of the newest lease; undefined before the first. */
  readonly callsToday?: CallsToday | undefined;
}

interface TotalsCounter {
  count(event: TelemetryEvent): void;
  totals(): RunTotals;
  /** How many hooks one message stands for, by message id. */
  hooksOf(messageId: string): number;
  /** How many hooks of a session were queued since this was asked for it last. */
  takeHooks(session: { readonly sessionId: string }): number;
}

type Count = Exclude<keyof RunTotals, 'messages' | 'callsToday'>;

// As the Crisp client names it: the path without its ids.
const CONVERSATION_ROUTE = 'website/conversation';

/** Counts the events of one run. */
export function createTotalsCounter(): TotalsCounter {
  const hooksByMessage = new Map<string, number>();
  const hooksBySession = new Map<string, number>();
  const hooksSinceFetch = new Map<string, number>();
  const counts: Record<Count, number> = {
    hooksQueued: 0,
    hooksIgnored: 0,
    hooksRefused: 0,
    conversationsFetched: 0,
    crispRequests: 0,
    conversationRequests: 0,
    loopRequests: 0,
    recordsEmitted: 0,
    removalsEmitted: 0,
    unchanged: 0,
    skipped: 0,
    covered: 0,
    failures: 0,
  };
  let callsToday: CallsToday | undefined;
  const hooksOf = (messageId: string) => hooksByMessage.get(messageId) ?? 0;

  return {
    hooksOf,
    takeHooks({ sessionId }) {
      const hooks = hooksBySession.get(sessionId) ?? 0;
      hooksBySession.delete(sessionId);
      return hooks;
    },
    totals: () => ({ ...counts, messages: hooksByMessage.size, ...(callsToday && { callsToday }) }),
    count(event) {
      if (event.name === 'session-enqueued') {
        hooksByMessage.set(event.messageId, hooksOf(event.messageId) + 1);
        hooksBySession.set(event.sessionId, (hooksBySession.get(event.sessionId) ?? 0) + 1);
        hooksSinceFetch.set(event.sessionId, (hooksSinceFetch.get(event.sessionId) ?? 0) + 1);
      }
      if (event.name === 'conversation-fetched') {
        counts.loopRequests += (hooksSinceFetch.get(event.sessionId) ?? 0) * toLoopCalls(event.messages);
        hooksSinceFetch.delete(event.sessionId);
      }
      if (event.name === 'quota-counted') callsToday = { used: event.used, quota: event.quota };
      const counted = toCount(event);
      if (counted) counts[counted] += 1;
      if (event.name === 'crisp-requested' && event.route === CONVERSATION_ROUTE)
        counts.conversationRequests += 1;
    },
  };
}

function toCount(event: TelemetryEvent): Count | undefined {
  switch (event.name) {
    case 'session-enqueued':
      return 'hooksQueued';
    case 'hook-ignored':
      return 'hooksIgnored';
    case 'hook-refused':
      return 'hooksRefused';
    case 'conversation-fetched':
      return 'conversationsFetched';
    case 'crisp-requested':
      return 'crispRequests';
    case 'record-emitted':
      return event.kind === 'conversation.removed' ? 'removalsEmitted' : 'recordsEmitted';
    case 'record-unchanged':
      return 'unchanged';
    case 'job-skipped':
      return 'skipped';
    case 'job-covered':
    case 'job-superseded':
      return 'covered';
    case 'job-failed':
      return 'failures';
    default:
      return undefined;
  }
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
export function formatCallsLeft({ used, quota }: CallsToday): string {
  return quota === 0 ? `${used} calls today` : `${Math.max(0, quota - used)} of ${quota} calls left today`;
}

/** How many fetches the queued hooks did not cost, with its share. */
export function formatSaving({ hooksQueued, messages, covered }: RunTotals): string {
  const saved = hooksQueued - messages + covered;
  const share = hooksQueued === 0 ? 0 : Math.round((100 * saved) / hooksQueued);
  return `${saved} of ${plural(hooksQueued, 'fetch', 'fetches')} (${share} %)`;
}
