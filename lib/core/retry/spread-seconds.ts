/** The sessions queue's visibility timeout (`infra/queues.yml`): what was killed is received again after it. */
export const QUEUE_VISIBILITY_SECONDS = 3600;

/** Beyond the function's deadline: Lambda ends a run a moment late, and clocks differ. */
export const SPREAD_MARGIN_SECONDS = 60;

/**
 * Whole seconds for which a message is hidden while it is worked on, in place of the queue's visibility timeout: at
 * random between what is left of the invocation (`remainingMs`) with a margin, and that timeout, so that messages which
 * are killed together come back apart.
 */
export function toSpreadSeconds(remainingMs: number, random: () => number): number {
  const least = Math.ceil(Math.max(0, remainingMs) / 1000) + SPREAD_MARGIN_SECONDS;
  return least + Math.floor(random() * Math.max(0, QUEUE_VISIBILITY_SECONDS - least));
}
