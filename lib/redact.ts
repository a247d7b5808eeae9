/**
 * A text of foreign origin (an error page, another library's words) as it may be shown: without what the `secrets` find,
 * e-mail addresses, IP addresses, and the user, query and fragment of URLs. Applied twice it changes nothing more.
 */
export function redact(text: string, secrets: readonly RegExp[] = []): string {
  const redacted = CONTACTS.reduce(
    (rest, [pattern, replacement]) => rest.replace(pattern, replacement),
    redactSecrets(text, secrets),
  );
  // What is left on both sides of a gap may be an address again; each round leaves less, so this ends.
  return redacted === text ? text : redact(redacted, secrets);
}

/** Stands where something was taken out. */
const REDACTED = '[..]';

const CONTACTS: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host/path?query#fragment
  [/((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/)[^\s/?#@"<>]+@/gi, '$1'],
  [/((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/[^\s?#"<>]*[?#])[^\s"<>]+/gi, `$1${REDACTED}`],
  [/(\?)[^\s"<>?]+=[^\s"<>]*/g, `$1${REDACTED}`],
  [
    /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/giu,
    REDACTED,
  ],
  [/(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)/g, REDACTED],
  [/(?<![\w:.])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])/gi, REDACTED],
  [
    /(?<![\w:.])(?=[0-9a-f:]*[0-9a-f])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?(?![\w:])/gi,
    REDACTED,
  ],
];

/** A text without what the patterns of secrets find (see `toSecretPattern`). Applied twice it changes nothing more. */
export function redactSecrets(text: string, secrets: readonly RegExp[]): string {
  const redacted = secrets.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text);
  // What is left on both sides of a gap may be a secret again; each round leaves less, so this ends.
  return redacted === text ? text : redactSecrets(redacted, secrets);
}

/** Shorter ones are no secrets that could be kept: a redactor that knew them would tear ordinary words apart. */
const MIN_SECRET_LENGTH = 8;

// Of a longer secret the beginning is looked for, and whatever hangs on to it is taken for the rest.
const MAX_UNITS = 64;

/**
 * Finds a secret in the encodings in which servers, proxies and libraries repeat one: as it is, with some or all
 * characters percent-encoded or as `\uXXXX`, in hex, in base64 or base64url, alone or anywhere within longer data (a
 * Basic header), in any case; and its beginning where a text was cut off in the middle of it. Undefined for a text that
 * is too short to be a secret.
 */
export function toSecretPattern(secret: string): RegExp | undefined {
  if (secret.length < MIN_SECRET_LENGTH) return undefined;
  const bytes = Buffer.from(secret);
  const alternatives = [
    toSequence([...secret].map(toCharacterUnit), MIN_SECRET_LENGTH),
    toSequence([...bytes].map(toHex), MIN_SECRET_LENGTH),
    ...[0, 1, 2].map((offset) => `${BASE64_BEFORE}${toBase64Sequence(bytes, offset)}${BASE64_AFTER}`),
  ];
  return new RegExp(alternatives.join('|'), 'gi');
}

// What surrounds the secret in base64 shares bits with it, and goes with it.
const BASE64_BEFORE = '(?<![\\w+/-])[\\w+/-]*?';
const BASE64_AFTER = '[\\w+/-]*={0,2}';

/** All units in a row; or, where the text ends or was clipped, at least the first `minUnits` of them. */
function toSequence(units: readonly string[], minUnits: number): string {
  const known = units.slice(0, MAX_UNITS);
  const rest = units.length > MAX_UNITS ? '\\S*' : '';
  const beginning = known.slice(0, minUnits).join('');
  const cut = known.slice(minUnits, -1).reduceRight((after, unit) => `(?:${unit}${after})?`, '');
  return `(?:${known.join('')}${rest}|${beginning}${cut}(?=…|$))`;
}

/** One character as it is, percent-encoded byte by byte, as JSON escapes it, or after backslashes. */
function toCharacterUnit(character: string): string {
  const percent = [...Buffer.from(character)].map((byte) => `%${toHex(byte)}`).join('');
  const escapes = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
  return `(?:\\\\*${character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}|${percent}|${escapes})`;
}

/** Those characters of base64 that depend on the secret alone, where `offset` bytes (modulo 3) stand before it. */
function toBase64Sequence(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  return toSequence([...own].map(toBase64Unit), 10);
}

function toBase64Unit(character: string): string {
  if (character === '+') return '(?:[+-]|%2b)';
  if (character === '/') return '(?:[/_]|%2f)';
  return character;
}

function toHex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
