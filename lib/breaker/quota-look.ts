import { isJobErrorCode, JOB_ERRORS } from '../errors.ts';
import type { NotedOpening } from '../ledger/breaker-notes.ts';
import type { QuotaDay, QuotaNotes } from '../ledger/quota-notes.ts';
import type { BreakerContext } from './context.ts';
import { type Look, lookWithoutReason } from './look.ts';
import { LONGEST_HOLD_OFF_SECONDS } from './opening.ts';

interface QuotaLookContext extends BreakerContext {
  readonly quota: Pick<QuotaNotes, 'read' | 'noteRefused' | 'noteReset'>;
}

/** A limit of requests per second, whatever it is called, passes sooner while nothing is called but the probe. */
const LEAST_REFUSED_MS = 30 * 60_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * A look at an opening that is about a refusal; any other is only looked at. Learns when Crisp begins the day: where it
 * refused every look for half an hour and answers now. Our own count holds the queue to the end of the day; where the hour
 * is known, nothing is asked before.
 */
export async function lookAtQuota(
  context: QuotaLookContext,
  opening: NotedOpening,
  look: () => Promise<Look>,
): Promise<Look> {
  const { code } = opening;
  if (!isJobErrorCode(code) || JOB_ERRORS[code].disposition !== 'refused') return look();
  const { quota, bestEffort, clock, telemetry } = context;
  const isOurs = code === 'quota_exhausted';
  const day = await bestEffort('read-quota', () => quota.read(clock.nowMs()));
  const untilNextDay: Look = { outcome: 'failing', error: undefined, notBeforeMs: day?.endsMs };
  if (isOurs && day?.isLearned && isSpent(day)) return untilNextDay;

  const found = isOurs ? await lookWithoutReason(context.crisp, opening.session?.websiteId) : await look();
  const nowMs = clock.nowMs();
  if (found.outcome === 'failing') {
    if (found.error?.disposition === 'refused')
      await bestEffort('note-refused', () => quota.noteRefused(opening.openedMs, nowMs));
    return found;
  }
  const refusedMs = nowMs - Math.max(opening.openedMs, day?.refusedSinceMs ?? nowMs);
  if (found.outcome === 'answered' && day?.refusedSinceMs !== undefined && refusedMs >= LEAST_REFUSED_MS) {
    const resetMinute = toResetMinute(nowMs);
    await bestEffort('note-reset', () => quota.noteReset(resetMinute, nowMs));
    telemetry.emit({ name: 'quota-reset-learned', resetMinute });
    return found;
  }
  // Crisp would give more than the budget.
  return isOurs && day && isSpent(day) ? untilNextDay : found;
}

function isSpent({ quota, used }: QuotaDay): boolean {
  return quota > 0 && used >= quota;
}

/** The full hour, where there was one since the look before; else the minute in which Crisp answered. */
function toResetMinute(nowMs: number): number {
  const sinceHourMs = nowMs % HOUR_MS;
  const resetMs = sinceHourMs <= (LONGEST_HOLD_OFF_SECONDS + 60) * 1000 ? nowMs - sinceHourMs : nowMs;
  return Math.floor(resetMs / MINUTE_MS) % (24 * 60);
}
