import { MAX_RETRY_AFTER_MS } from '../crisp/retry-after.ts';
import type { NotedOpening, Opening } from './opening.ts';

/** The first look comes after a minute: most troubles are shorter. */
export const FIRST_HOLD_OFF_SECONDS = 60;

/** A recovery is noticed within a quarter of an hour, and a day of outage costs no more than a hundred looks. */
export const LONGEST_HOLD_OFF_SECONDS = 900;

/** An opening this soon after a close is a relapse: what was wrong had not really passed. */
const RELAPSE_MS = 30 * 60_000;

/** The hold-off of an opening now: twice the last one's after a relapse, else the first. A false alarm starts no series. */
export function toHoldOffSeconds(previous: NotedOpening | undefined, nowMs: number): number {
  if (previous === undefined || previous.closing?.wasFalseAlarm) return FIRST_HOLD_OFF_SECONDS;
  // A closing that could not be noted came after the opening, whenever that was.
  const quietSinceMs = previous.closing?.closedMs ?? Math.max(previous.openedMs, previous.nextProbeMs);
  return nowMs - quietSinceMs < RELAPSE_MS ? doubleHoldOff(previous.holdOffSeconds) : FIRST_HOLD_OFF_SECONDS;
}

export function doubleHoldOff(holdOffSeconds: number): number {
  return Math.min(LONGEST_HOLD_OFF_SECONDS, Math.max(FIRST_HOLD_OFF_SECONDS, holdOffSeconds * 2));
}

/** When to look again: after the hold-off, and not before the time that Crisp asked for. */
export function toNextProbeMs(nowMs: number, holdOffSeconds: number, retryAfterMs = 0): number {
  return nowMs + Math.max(holdOffSeconds * 1000, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}

/** Turning the switch off takes up to a minute; what was received until then is handled within as much again. */
export const HELD_FOR_MS = 120_000;

/**
 * True of an opening after which messages may still be delivered. For two minutes only: a note that nobody took back must
 * never starve a queue that is on.
 */
export function isHeld({ openedMs, closing }: Opening & Partial<NotedOpening>, nowMs: number): boolean {
  return closing === undefined && nowMs - openedMs < HELD_FOR_MS;
}
