import { invalidData, type Reply } from '../reply.ts';

export interface DateRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** Reads `filter_date_start` and `filter_date_end` (ISO 8601); an absent one leaves its side open. */
export function parseDateRange(query: URLSearchParams): DateRange | Reply {
  const startMs = parseDate(query.get('filter_date_start'), Number.NEGATIVE_INFINITY);
  const endMs = parseDate(query.get('filter_date_end'), Number.POSITIVE_INFINITY);
  if (Number.isNaN(startMs)) return invalidData('filter_date_start is not a date');
  if (Number.isNaN(endMs)) return invalidData('filter_date_end is not a date');
  return { startMs, endMs };
}

/** Both ends included. */
export function isWithin({ startMs, endMs }: DateRange, timestamp: number): boolean {
  return timestamp >= startMs && timestamp <= endMs;
}

function parseDate(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
