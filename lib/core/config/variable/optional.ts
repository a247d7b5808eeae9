import { variable } from './variable.ts';

/** A text of a given form, or an empty one where the variable is not set. Its value is in no message. */
export function optional(pattern: RegExp, expected: string) {
  return variable({
    expected,
    fallback: '',
    parse: (text) => (text === '' || pattern.test(text) ? text : undefined),
    isShown: false,
  });
}
