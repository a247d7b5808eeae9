import type { TelemetryEvent } from '../../ports/telemetry.ts';

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
  readonly recordsEmitted: number;
  readonly removalsEmitted: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly failures: number;
}

export interface TotalsCounter {
  count(event: TelemetryEvent): void;
  totals(): RunTotals;
  /** How many hooks one message stands for, by message id. */
  hooksOf(messageId: string): number;
}

type Count = Exclude<keyof RunTotals, 'messages'>;

// As the Crisp client names it: the path without its ids.
const CONVERSATION_ROUTE = 'website/conversation';

/** Counts the events of one run. */
export function createTotalsCounter(): TotalsCounter {
  const hooksByMessage = new Map<string, number>();
  const counts: Record<Count, number> = {
    hooksQueued: 0,
    hooksIgnored: 0,
    hooksRefused: 0,
    conversationsFetched: 0,
    crispRequests: 0,
    conversationRequests: 0,
    recordsEmitted: 0,
    removalsEmitted: 0,
    unchanged: 0,
    skipped: 0,
    failures: 0,
  };
  const hooksOf = (messageId: string) => hooksByMessage.get(messageId) ?? 0;

  return {
    hooksOf,
    totals: () => ({ ...counts, messages: hooksByMessage.size }),
    count(event) {
      if (event.name === 'session-enqueued')
        hooksByMessage.set(event.messageId, hooksOf(event.messageId) + 1);
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
    case 'job-failed':
      return 'failures';
    default:
      return undefined;
  }
}
