import { variable } from './variable.ts';

/** Something per second: more than nothing, at most `max`, fractions allowed. */
export function rate({ max, fallback }: { readonly max: number; readonly fallback: number }) {
  return variable({
    expected: `a number above 0 and up to ${max}`,
    fallback: String(fallback),
    parse(text) {
      const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
      return value > 0 && value <= max ? value : undefined;
    },
  });
}
