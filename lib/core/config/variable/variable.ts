import * as z from 'zod/mini';
import { toPrintable } from '../../text/to-printable.ts';

export interface VariableRule<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** As it would be written in the environment; without one the variable is required. */
  readonly fallback?: string;
  /** Undefined for a text that breaks the rule; the text is never empty. */
  readonly parse: (text: string) => T | undefined;
  /** False where a wrong value could hold a secret. */
  readonly isShown?: boolean;
}

/** One environment variable as a zod schema: from its text, or its absence, to its value. */
export function variable<T>({ expected, fallback, parse, isShown = true }: VariableRule<T>) {
  return z.pipe(
    z.optional(z.string()),
    z.transform((given: string | undefined, context): T => {
      const text = given ?? fallback;
      const value = text === undefined ? undefined : parse(text.trim());
      if (value !== undefined) return value;

      const found = text === undefined ? 'nothing' : isShown ? `"${toPrintable(text)}"` : 'something else';
      context.issues.push({
        code: 'custom',
        input: given,
        message: `expected ${expected}, found ${found}`,
        params: { code: text === undefined ? 'config_missing' : 'config_invalid' },
      });
      return z.NEVER;
    }),
  );
}
