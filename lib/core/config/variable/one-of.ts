import { variable } from './variable.ts';

/** One word of a few. */
export function oneOf<Word extends string>(words: readonly Word[], fallback: Word) {
  return variable({
    expected: `one of ${words.join(', ')}`,
    fallback,
    parse: (text) => words.find((word) => word === text.toLowerCase()),
  });
}
