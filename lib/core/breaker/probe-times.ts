import { LONGEST_HOLD_OFF_SECONDS } from './hold-off.ts';
import type { Opening } from './opening.ts';

/** EventBridge's minutes are not exact: a look that would be due a moment later is not put off by a whole minute. */
const SLACK_MS = 10_000;

const MINUTE_MS = 60_000;

export function isLookDue({ nextProbeMs }: Pick<Opening, 'nextProbeMs'>, nowMs: number): boolean {
  return nowMs >= nextProbeMs - SLACK_MS;
}

/**
 * Without the ledger nobody knows when the last look was. Then it is due in every fifteenth minute of the clock: as
 * seldom as after the longest hold-off, and without a memory.
 */
export function isBlindLookDue(nowMs: number): boolean {
  return Math.floor(nowMs / MINUTE_MS) % (LONGEST_HOLD_OFF_SECONDS / 60) === 0;
}
