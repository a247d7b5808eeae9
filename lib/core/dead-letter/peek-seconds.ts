/** SQS hides a message for at most twelve hours. */
export const MAX_PEEK_SECONDS = 12 * 3600;

const LEAST_SECONDS = 60;
// A page of ten takes two calls to SQS and one to the ledger: half a second on a slow line.
const SECONDS_PER_MESSAGE = 0.05;

export interface PeekSize {
  readonly messages: number;
  /** Messages that are acted upon in a second, where that is what takes the time. */
  readonly ratePerSecond?: number | undefined;
}

/**
 * For how long the messages of a look are hidden while it lasts, so that none is seen twice. They are shown again at its
 * end: the time runs out only where the process was killed.
 */
export function toPeekSeconds({ messages, ratePerSecond = Number.POSITIVE_INFINITY }: PeekSize): number {
  const seconds = LEAST_SECONDS + messages * (SECONDS_PER_MESSAGE + 1 / ratePerSecond);
  return Math.min(MAX_PEEK_SECONDS, Math.ceil(seconds));
}
