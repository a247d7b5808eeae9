import { variable } from './variable.ts';

/** A required text of a given form. */
export function matching(pattern: RegExp, expected: string) {
  return variable({ expected, parse: (text) => (pattern.test(text) ? text : undefined) });
}
