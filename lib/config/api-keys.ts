import type { ConfigProblem, ConfigProblemCode } from '../errors.ts';

/** What a key of the API may be used for. */
export const API_SCOPES = ['read', 'enqueue', 'operate'] as const;

export type ApiScope = (typeof API_SCOPES)[number];

export interface ApiKey {
  /** Who uses it; logs show the name, never the key. */
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  readonly key: string;
}

interface ParsedApiKeys {
  /** Only to be used where there are no problems. */
  readonly keys: readonly ApiKey[];
  readonly problems: readonly ConfigProblem[];
}

const NAME = /^[A-Za-z][\w-]{0,31}$/;

/** As `openssl rand -hex 16`: a key is all that there is. */
const MIN_KEY_LENGTH = 32;

/** The characters of a bearer token, which travel in a header as they are. */
const KEY = /^[\w.~+/=-]+$/;

const MAX_KEYS = 20;

/** Reads `API_KEYS`: `name:scopes:key` between commas, scopes joined by `+`. No message shows a key. */
export function parseApiKeys(text: string): ParsedApiKeys {
  const entries = text.split(',');
  const keys = entries.map(readEntry);
  const problems = keys.flatMap((entry, index) => {
    const weakness = findWeakness(entry, keys.slice(0, index));
    return weakness ? [toProblem(weakness, index, entries.length)] : [];
  });
  if (entries.length > MAX_KEYS) {
    const message = `expected at most ${MAX_KEYS} keys, found ${entries.length}`;
    problems.push({ code: 'config_invalid', variable: 'API_KEYS', message });
  }
  return {
    keys: keys.map(({ name, scopes, key }) => ({ name, scopes: scopes.filter(isScope), key })),
    problems,
  };
}

interface Entry {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly key: string;
  readonly parts: number;
}

function readEntry(text: string): Entry {
  const [name = '', scopes = '', key = '', ...more] = text.split(':');
  return { name, scopes: scopes.split('+'), key, parts: 3 + more.length - (text === '' ? 3 : 0) };
}

type Weakness = readonly [ConfigProblemCode, string];

function findWeakness({ name, scopes, key, parts }: Entry, earlier: readonly Entry[]): Weakness | undefined {
  if (parts === 0) return ['config_secret_empty', 'is empty'];
  if (/\s/.test(`${name}${scopes.join('')}${key}`))
    return ['config_secret_whitespace', 'has white space in it or around it, a line break perhaps'];
  if (!NAME.test(name) || parts !== 3) return ['config_invalid', 'is not name:scopes:key'];
  if (!scopes.every(isScope) || new Set(scopes).size !== scopes.length)
    return ['config_invalid', `has other scopes than ${API_SCOPES.join(', ')}, joined by +`];
  if (key.length < MIN_KEY_LENGTH)
    return ['config_secret_too_short', `has a key of fewer than ${MIN_KEY_LENGTH} characters`];
  if (!KEY.test(key)) return ['config_invalid', 'has a key with characters that no bearer token has'];
  if (earlier.some((other) => other.name === name || other.key === key))
    return ['config_invalid', 'has the name or the key of an earlier one'];
  return undefined;
}

function toProblem([code, reason]: Weakness, index: number, count: number): ConfigProblem {
  const which = count === 1 ? 'the entry' : `entry ${index + 1} of ${count}`;
  return { code, variable: 'API_KEYS', message: `${which} ${reason}` };
}

function isScope(text: string): text is ApiScope {
  return (API_SCOPES as readonly string[]).includes(text);
}
