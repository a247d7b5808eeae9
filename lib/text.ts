/** The name that a misspelt one most likely stands for, or undefined where none is near: a third of it may differ. */
export function findNearestName(misspelt: string, names: readonly string[]): string | undefined {
  const limit = Math.floor(misspelt.length / 3);
  const [nearest] = names
    .map((name) => ({ name, distance: countEdits(misspelt, name) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return nearest?.name;
}

/** How many letters to insert, delete, replace, or swap with their neighbour. Names are short. */
function countEdits(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let place = 1; place <= from.length; place += 1) {
    const next = [place];
    for (let at = 1; at <= to.length; at += 1) {
      const isSame = from[place - 1] === to[at - 1];
      const isSwapped = from[place - 1] === to[at - 2] && from[place - 2] === to[at - 1];
      next.push(
        Math.min(
          (row[at - 1] ?? 0) + (isSame ? 0 : 1),
          (row[at] ?? 0) + 1,
          (next[at - 1] ?? 0) + 1,
          isSwapped ? (before[at - 2] ?? Number.POSITIVE_INFINITY) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** True for what `{…}` in JSON becomes; false for null, lists and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an http or https URL whose host can only be this machine. `URL` has made four decimal numbers of any IPv4. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return false;
  return isLoopbackName(url.hostname);
}

/** True for the name or address of this machine, as `URL.hostname` has it. */
export function isLoopbackName(hostname: string): boolean {
  return ['localhost', '[::1]'].includes(hostname) || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Bytes of a reason as it is kept: more helps nobody, and an item of the ledger pays for each. */
export const MAX_REASON_BYTES = 2048;

const ELLIPSIS = '…';

/** The reason in at most 2 KB of UTF-8, with nothing invisible in it; no character is cut in two. */
export function clipReason(reason: string): string {
  // A character has at least one byte, so the rest of a very long text need not be looked at.
  const visible = toVisible(reason.slice(0, 2 * MAX_REASON_BYTES));
  // No unit of UTF-16 has more than three bytes.
  if (visible.length * 3 <= MAX_REASON_BYTES) return visible;
  const bytes = Buffer.from(visible);
  if (bytes.length <= MAX_REASON_BYTES) return bytes.toString();
  let end = MAX_REASON_BYTES - Buffer.byteLength(ELLIPSIS);
  // A byte 10xxxxxx goes on a character that began before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}

const MEDIA_TYPE = /^\s*([\w.+-]{1,40}\/[\w.+-]{1,60})\s*(?:;|$)/;

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...withPrefix('text/', 'html plain xml css csv javascript event-stream markdown'),
  ...withPrefix('application/', 'json xml xhtml+xml javascript octet-stream pdf zip gzip soap+xml x-ndjson'),
  ...withPrefix(
    'application/',
    'problem+json problem+xml ld+json hal+json vnd.api+json x-www-form-urlencoded',
  ),
  ...withPrefix('multipart/', 'form-data mixed'),
  ...withPrefix('image/', 'png jpeg gif webp svg+xml x-icon'),
]);

/** The type that a Content-Type header names, without its parameters, where it is a usual one; else the header's shape. */
export function toMediaType(header: string): string {
  const type = MEDIA_TYPE.exec(header)?.[1]?.toLowerCase();
  return type !== undefined && KNOWN_TYPES.has(type) ? type : `"${toShape(header, 40)}"`;
}

function withPrefix(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => prefix + name);
}

/** A moment in UTC to the second, `2026-11-22T10:00:00Z`; undefined where it is not known, or is none. */
export function toMoment(ms: number | undefined): string | undefined {
  // A number from outside may lie beyond what a date can be: `toJSON` says null then, where others throw.
  return ms === undefined ? undefined : new Date(ms).toJSON()?.replace(/\.\d{3}Z$/, 'Z');
}

// Everything but the printable ASCII characters, and the backslash, which then always begins an escape of ours.
const UNPRINTABLE = /[^\x20-\x5b\x5d-\x7e]/g;

/**
 * Text from outside as a log line may show it: clipped to `maxLength` characters of the original, and with control,
 * bidirectional and all other non-ASCII characters as `\uXXXX`, so that it can neither fake a line nor hide in one.
 */
export function toPrintable(text: string, maxLength = 80): string {
  const clipped = text.slice(0, maxLength).replace(UNPRINTABLE, toEscape);
  return text.length > maxLength ? `${clipped}… (${text.length} characters)` : clipped;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * What a text looks like without what it says, clipped to `maxLength`: letters become `a`, digits `0`, white space one
 * blank, anything else outside ASCII `?`. Shows a person whether it was JSON, XML or nothing, and gives nobody away.
 */
export function toShape(text: string, maxLength = 200): string {
  return text
    .slice(0, maxLength)
    .replace(/\p{L}/gu, 'a')
    .replace(/\p{N}/gu, '0')
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?');
}

// Control and format characters (C0, C1, bidirectional, zero width, tags), line and paragraph separators, halves of
// surrogate pairs, and code points that are no characters.
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/**
 * Text in any language as a log line or a note may show it: what cannot be seen becomes `\uXXXX`, so that it can
 * neither fake a line, nor move the cursor, nor turn the reading direction. Applied twice it changes nothing more.
 */
export function toVisible(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(INVISIBLE, toEscapes);
}

function toEscapes(character: string): string {
  // By UTF-16 units, as JSON does it: an invisible character beyond the first plane has two.
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}

// As above, and all else that takes no place (variation selectors, fillers, joiners), but for the line breaks between the
// parts of a document.
const INVISIBLE_IN_JSON =
  /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/gu;

/** JSON in which nothing invisible stands raw: read again it is the same value, shown on a terminal it does nothing. */
export function toVisibleJson(value: unknown, indent?: number): string {
  // Outside of strings JSON has no such character but the line break, and in strings it escapes that itself.
  return JSON.stringify(value, null, indent).replace(INVISIBLE_IN_JSON, toEscapes);
}

/** `1 message`, `2 messages`; `nouns` for a word that takes more than an s. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** A command of the command line as it can be pasted; without a place it is local mode's. */
export function toCommandLine(
  words: string,
  place?: { readonly stage: string; readonly region: string } | undefined,
): string {
  return `npx crisp-enrich ${words}${place ? ` --stage ${place.stage} --region ${place.region}` : ''}`;
}
