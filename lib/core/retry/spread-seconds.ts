/** The sessions queue's visibility timeout (`infra/queues.yml`). */
export const QUEUE_VISIBILITY_SECONDS = 3600;

/** Beyond the function's deadline: Lambda ends a run a moment late, and clocks differ. */
export const LEASE_MARGIN_SECONDS = 60;

/** The sessions of one batch come back this far apart; a receive that finds two of them would join them again. */
export const LEASE_STEP_SECONDS = 60;

/**
 * Whole seconds for which the session at `place` (0-based) of a batch is hidden while the batch is worked on, in place of
 * the queue's visibility timeout: what is left of the invocation (`remainingMs`) with a margin, and a step for each place.
 * Sessions that are killed together come back apart, and within minutes. Half a step is random, so that batches which
 * began together do not meet.
 */
export function toLeaseSeconds(remainingMs: number, place: number, random: () => number): number {
  const least = Math.ceil(Math.max(0, remainingMs) / 1000) + LEASE_MARGIN_SECONDS;
  const step = place * LEASE_STEP_SECONDS + Math.floor((random() * LEASE_STEP_SECONDS) / 2);
  return Math.min(least + step, QUEUE_VISIBILITY_SECONDS);
}
