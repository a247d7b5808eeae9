import { stretchHold } from './stretch-hold.ts';

// Disabling the event source mapping takes up to a minute; what still arrives meanwhile is back after it.
const LEAST_SECONDS = 60;
const JITTER_SECONDS = 60;

/** Seconds for which a message is put off that was delivered although the breaker is open. */
export function toHeldSeconds(receiveCount: number, random: () => number): number {
  return stretchHold(LEAST_SECONDS + Math.floor(random() * JITTER_SECONDS), receiveCount, random);
}
