import { variable } from './variable.ts';

export interface WholeNumberRange {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

/** A whole number within bounds, in digits alone: no `1e3`, no `0x10`, no sign. */
export function wholeNumber({ min, max, fallback }: WholeNumberRange) {
  return variable({
    expected: `a whole number from ${min} to ${max}`,
    fallback: String(fallback),
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  });
}
