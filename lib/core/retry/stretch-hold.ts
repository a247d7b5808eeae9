import { MAX_BACKOFF_SECONDS, MAX_VISIBILITY_SECONDS } from './backoff.ts';

/** Half of the queue's receive limit (20) is used up: from this receive on, waits that are nobody's fault are stretched. */
export const STRETCHED_FROM_RECEIVE = 11;

// Less jitter than a retry has: what counts here is that the waits which are left add up to days.
const LEAST_SHARE = 0.75;

/**
 * Seconds for which a message is put off that is not to blame: `usualSeconds`, and from the eleventh receive on much
 * longer. The bound doubles with every receive, from 30 minutes to 11 hours, and the wait is uniform in its upper
 * quarter, so that the receives which are left last for more than two days even where nothing stops the deliveries.
 */
export function stretchHold(usualSeconds: number, receiveCount: number, random: () => number): number {
  if (receiveCount < STRETCHED_FROM_RECEIVE) return usualSeconds;
  const doublings = Math.min(receiveCount - STRETCHED_FROM_RECEIVE + 1, 20);
  const bound = Math.min(MAX_VISIBILITY_SECONDS, MAX_BACKOFF_SECONDS * 2 ** doublings);
  const stretched = bound * (LEAST_SHARE + (1 - LEAST_SHARE) * random());
  return Math.max(usualSeconds, Math.ceil(stretched));
}
