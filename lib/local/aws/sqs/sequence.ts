/** The sequence numbers of a FIFO queue: 20 digits, each greater than the one before, also after a restart. */
export interface Sequence {
  next(nowMs: number): string;
  /** What follows is greater than `number`. */
  skipTo(number: string | undefined): void;
}

// Milliseconds since 1970 times this have the 20 digits of SQS, and no millisecond sees ten million messages.
const PER_MILLISECOND = 10_000_000n;

export function createSequence(): Sequence {
  let last = 0n;
  return {
    next(nowMs) {
      const fromClock = BigInt(Math.floor(nowMs)) * PER_MILLISECOND;
      last = fromClock > last ? fromClock : last + 1n;
      return String(last).padStart(20, '0');
    },
    skipTo(number) {
      const value = BigInt(number ?? 0);
      if (value > last) last = value;
    },
  };
}
