import { toPrintable } from '../../core/text/to-printable.ts';
import { toUsageError } from '../usage-error.ts';

/** One `--name` of a command. */
export interface Option<T> {
  /** What stands for the value in the help; undefined for a flag, which has none. */
  readonly placeholder?: string;
  readonly help: string;
  /** Of the values as they were given, none where it was not; throws `OperationError` `usage`. */
  readonly parse: (texts: readonly string[], about: OptionContext) => T;
}

export interface OptionContext {
  /** With its dashes. */
  readonly name: string;
  readonly nowMs: number;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type OptionValues<O extends Options> = { readonly [Name in keyof O]: ReturnType<O[Name]['parse']> };

export function flag(help: string): Option<boolean> {
  return { help, parse: (texts) => texts.length > 0 };
}

export interface ValueRule<T> {
  readonly placeholder: string;
  readonly help: string;
  /** Completes the sentence "--name must be …". */
  readonly expected: string;
  /** Undefined for a text that breaks the rule. */
  readonly read: (text: string, nowMs: number) => T | undefined;
}

/** An option that has one value, or none where it is left out. */
export function value<T>({ placeholder, help, expected, read }: ValueRule<T>): Option<T | undefined> {
  return {
    placeholder,
    help,
    parse(texts, { name, nowMs }) {
      const [text, ...more] = texts;
      if (text === undefined) return undefined;
      if (more.length > 0) throw toUsageError(`${name} was given more than once`);
      const parsed = read(text, nowMs);
      if (parsed === undefined)
        throw toUsageError(`${name} must be ${expected}, got '${toPrintable(text, 40)}'`);
      return parsed;
    },
  };
}

/** An option that may be given several times; undefined where it never was. */
export function values<T>({
  placeholder,
  help,
  expected,
  read,
}: ValueRule<T>): Option<readonly T[] | undefined> {
  const one = value({ placeholder, help, expected, read });
  return {
    placeholder,
    help,
    parse(texts, about) {
      if (texts.length === 0) return undefined;
      return texts.flatMap((text) => one.parse([text], about) ?? []);
    },
  };
}
