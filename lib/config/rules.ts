import * as z from 'zod/mini';
import { isLoopbackUrl, toPrintable } from '../text.ts';
import type { EventTrigger } from './config.ts';

interface VariableRule<T> {
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

/** The address of a REST API: https, or http on this very machine; normalised to end without a slash. */
export function apiUrl(fallback: string) {
  return variable({
    expected: 'an https URL (http on a loopback address alone) without credentials, query or fragment',
    fallback,
    parse: parseApiUrl,
    isShown: false,
  });
}

function parseApiUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (!url || text.includes('?') || text.includes('#')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const isSafe = url.protocol === 'https:' || isLoopbackUrl(text);
  if (!isSafe) return undefined;
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** Which events are worth a fetch: `name`, `prefix*`, or `name=value`. */
export function eventTriggers(fallback: readonly string[]) {
  return listOf({
    expected: 'events as name, name=state or prefix*',
    fallback: fallback.join(','),
    parseItem: parseTrigger,
  });
}

// A name, or the beginning of one and a star, or a name and a state; Crisp's names are words joined by colons.
const TRIGGER = /^(?:(?<name>[a-z_]+(?::[a-z_]+)*)(?:=(?<state>[a-z]+))?|(?<prefix>[a-z_:]*)\*)$/;

function parseTrigger(text: string): EventTrigger | undefined {
  const { name, state, prefix } = TRIGGER.exec(text)?.groups ?? {};
  if (prefix !== undefined) return { name: prefix, isPrefix: true };
  if (name === undefined) return undefined;
  return state === undefined ? { name, isPrefix: false } : { name, isPrefix: false, state };
}

interface ListRule<T> {
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

/** The address of something on this machine. */
export function loopbackUrl(fallback: string) {
  return variable({
    expected: 'a URL with http on a loopback address, without credentials',
    fallback,
    isShown: false,
    parse(text) {
      const url = URL.parse(text);
      return url && isLoopbackUrl(text) && url.username === '' && url.password === '' ? url : undefined;
    },
  });
}

/** A required text of a given form. */
export function matching(pattern: RegExp, expected: string) {
  return variable({ expected, parse: (text) => (pattern.test(text) ? text : undefined) });
}

/** One word of a few. */
export function oneOf<Word extends string>(words: readonly Word[], fallback: Word) {
  return variable({
    expected: `one of ${words.join(', ')}`,
    fallback,
    parse: (text) => words.find((word) => word === text.toLowerCase()),
  });
}

/** A text of a given form, or an empty one where the variable is not set. Its value is in no message. */
export function optional(pattern: RegExp, expected: string) {
  return variable({
    expected,
    fallback: '',
    parse: (text) => (text === '' || pattern.test(text) ? text : undefined),
    isShown: false,
  });
}

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

/** Requests in a day; null where it is not set. */
export function dailyQuota(max: number) {
  return variable<number | null>({
    expected: `a whole number from 0 (no budget) to ${max}`,
    fallback: '',
    parse(text) {
      if (text === '') return null;
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value <= max ? value : undefined;
    },
  });
}

/** A part of a whole, as a fraction. */
export function share(fallback: number) {
  return variable({
    expected: 'a number from 0 to 1, as 0.7',
    fallback: String(fallback),
    parse: (text) => (/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/.test(text) ? Number(text) : undefined),
  });
}

interface WholeNumberRange {
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
