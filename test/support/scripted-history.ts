import type { MessagesPage } from '../../lib/ports/crisp-api.ts';

export interface HistoryMessage {
  readonly fingerprint: number | string;
  readonly timestamp: number;
}

export interface HistoryOptions {
  readonly pageSize: number;
  /** `timestamp_before` leaves out its own millisecond (strict) or takes it in (inclusive). */
  readonly boundary: 'strict' | 'inclusive';
  /** `honest`: 206 while older messages exist. `always-200`: never says that there is more. */
  readonly statuses: 'honest' | 'always-200';
}

/** A server's side of `listMessages`, over a history that is given oldest first. */
export function createScriptedHistory(history: readonly HistoryMessage[], options: HistoryOptions) {
  const { pageSize, boundary, statuses } = options;
  const cursors: (number | undefined)[] = [];

  return {
    /** `timestamp_before` of each request. */
    cursors,
    async listMessages(_session: unknown, beforeMs?: number): Promise<MessagesPage> {
      cursors.push(beforeMs);
      const eligible = history.filter(({ timestamp }) => isBefore(timestamp, beforeMs));
      const hasMore = statuses === 'honest' && eligible.length > pageSize;
      return { messages: eligible.slice(-pageSize), hasMore };
    },
  };

  function isBefore(timestamp: number, beforeMs: number | undefined): boolean {
    if (beforeMs === undefined) return true;
    return boundary === 'strict' ? timestamp < beforeMs : timestamp <= beforeMs;
  }
}

/** Messages 1…n, oldest first, at the given timestamps. */
export function aHistory(timestamps: readonly number[]): HistoryMessage[] {
  return timestamps.map((timestamp, index) => ({ fingerprint: index + 1, timestamp }));
}
