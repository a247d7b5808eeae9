import type { ClockSample } from '../core/doctor/judge-clock.ts';

// An answer's date is cut to the second, so on average the time was half a second later.
const HALF_SECOND_MS = 500;

/** What a `Date` header tells of the other side's clock; undefined where it tells nothing. */
export function toClockSample(
  date: unknown,
  { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number },
): ClockSample | undefined {
  const theirsMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirsMs)) return undefined;
  const halfwayMs = (receivedMs - sentMs) / 2;
  return {
    offsetMs: theirsMs + HALF_SECOND_MS - (sentMs + halfwayMs),
    uncertaintyMs: HALF_SECOND_MS + halfwayMs,
  };
}
