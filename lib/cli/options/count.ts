import { type Option, value } from './option.ts';

export interface CountRule {
  readonly help: string;
  readonly min: number;
  readonly max: number;
  /** What is counted: `messages`. */
  readonly unit: string;
}

/** A whole number within bounds, in digits alone: no sign, no `1e9`, no `1.5`. */
export function count({ help, min, max, unit }: CountRule): Option<number | undefined> {
  return value({
    placeholder: 'N',
    help,
    expected: `${min}–${max} ${unit}`,
    read(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  });
}
