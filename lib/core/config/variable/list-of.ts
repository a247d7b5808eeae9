import { variable } from './variable.ts';

export interface ListRule<T> {
  /** The items, in the plural. */
  readonly expected: string;
  /** Empty: no item. */
  readonly fallback: string;
  readonly parseItem: (text: string) => T | undefined;
}

/** Items between commas, each once; blanks around them do not count. */
export function listOf<T>({ expected, fallback, parseItem }: ListRule<T>) {
  return variable<readonly T[]>({
    expected: `${expected}, separated by commas`,
    fallback,
    parse(text) {
      if (text === '') return [];
      const items = [...new Set(text.split(',').map((item) => item.trim()))].map(parseItem);
      const valid = items.filter((item) => item !== undefined);
      return valid.length === items.length ? [...new Set(valid)] : undefined;
    },
  });
}
