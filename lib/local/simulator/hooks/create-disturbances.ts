import type { Random } from '../random.ts';

/** How often hooks go astray, as probabilities from 0 to 1, drawn from the seed. */
export interface DisturbanceRates {
  readonly lose: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** A reordered hook is kept back for up to this long. */
  readonly reorderWindowMs: number;
}

/** What happens to one delivery. */
export interface Fate {
  readonly isLost: boolean;
  /** How many times it is sent: 2 or more is a duplicate. */
  readonly copies: number;
  readonly delayMs: number;
}

export interface Disturbances {
  setRates(rates: Partial<DisturbanceRates>): void;
  /** The next `count` deliveries are never sent. */
  loseNext(count: number): void;
  /** The next `count` deliveries are sent twice. */
  duplicateNext(count: number): void;
  decideFate(): Fate;
}

const CALM: DisturbanceRates = { lose: 0, duplicate: 0, reorder: 0, reorderWindowMs: 2000 };

/** Decides, repeatably, which hooks are lost, doubled or late. */
export function createDisturbances(random: Random): Disturbances {
  let rates = CALM;
  let losses = 0;
  let duplicates = 0;

  return {
    setRates(changed) {
      rates = { ...rates, ...changed };
    },
    loseNext(count) {
      losses += count;
    },
    duplicateNext(count) {
      duplicates += count;
    },
    decideFate() {
      // Always the same number of draws, so that one rate does not shift the others' sequence.
      const draws = {
        lose: random.next(),
        duplicate: random.next(),
        late: random.next(),
        wait: random.next(),
      };
      const isLost = losses > 0 || draws.lose < rates.lose;
      if (losses > 0) losses -= 1;
      const isDuplicated = !isLost && (duplicates > 0 || draws.duplicate < rates.duplicate);
      if (!isLost && duplicates > 0) duplicates -= 1;

      return {
        isLost,
        copies: isDuplicated ? 2 : 1,
        delayMs: draws.late < rates.reorder ? Math.floor(draws.wait * rates.reorderWindowMs) : 0,
      };
    },
  };
}
