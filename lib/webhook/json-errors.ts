/**
 * Index of the first character at which `text` stops being JSON, its length where it ends too early, or undefined where
 * it is JSON. Node's parser names the place in some of its messages only, and quotes the text in them, which must not
 * reach a log. Recursive: `scanJson` bounds the depth first.
 */
export function findJsonError(text: string): number | undefined {
  const cursor: Cursor = { text, at: 0 };
  if (!readValue(cursor)) return cursor.at;
  skipSpace(cursor);
  return cursor.at === text.length ? undefined : cursor.at;
}

/** `at` moves over all that is right; where a reader returns false it stands at the offence. */
interface Cursor {
  readonly text: string;
  at: number;
}

function readValue(cursor: Cursor): boolean {
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  switch (first) {
    case '{':
      return readList(cursor, '}', readMember);
    case '[':
      return readList(cursor, ']', readValue);
    case '"':
      return readString(cursor);
    case 't':
      return readWord(cursor, 'true');
    case 'f':
      return readWord(cursor, 'false');
    case 'n':
      return readWord(cursor, 'null');
    default:
      return readNumber(cursor);
  }
}

function readList(cursor: Cursor, end: string, readItem: (cursor: Cursor) => boolean): boolean {
  cursor.at += 1;
  skipSpace(cursor);
  if (take(cursor, end)) return true;
  do {
    if (!readItem(cursor)) return false;
    skipSpace(cursor);
  } while (take(cursor, ','));
  return take(cursor, end);
}

function readMember(cursor: Cursor): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== '"' || !readString(cursor)) return false;
  skipSpace(cursor);
  return take(cursor, ':') && readValue(cursor);
}

function readString(cursor: Cursor): boolean {
  cursor.at += 1;
  while (cursor.at < cursor.text.length) {
    if (take(cursor, '"')) return true;
    if (take(cursor, '\\')) {
      if (!readEscape(cursor)) return false;
    } else if (cursor.text.charCodeAt(cursor.at) < 0x20) {
      return false;
    } else {
      cursor.at += 1;
    }
  }
  return false;
}

function readEscape(cursor: Cursor): boolean {
  if (takeMatch(cursor, /["\\/bfnrt]/y)) return true;
  if (!take(cursor, 'u')) return false;
  takeMatch(cursor, /[\da-f]{0,4}/iy);
  return /u[\da-f]{4}$/i.test(cursor.text.slice(cursor.at - 5, cursor.at));
}

function readWord(cursor: Cursor, word: string): boolean {
  return [...word].every((letter) => take(cursor, letter));
}

function readNumber(cursor: Cursor): boolean {
  take(cursor, '-');
  if (!takeMatch(cursor, /0|[1-9]\d*/y)) return false;
  if (take(cursor, '.') && !takeMatch(cursor, /\d+/y)) return false;
  return !takeMatch(cursor, /e[+-]?/iy) || takeMatch(cursor, /\d+/y);
}

function skipSpace(cursor: Cursor): void {
  takeMatch(cursor, /[ \t\r\n]*/y);
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function takeMatch(cursor: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (!match) return false;
  cursor.at += match[0].length;
  return true;
}

interface JsonLimits {
  readonly maxDepth: number;
  /** Members and elements altogether, and one for each object or array. */
  readonly maxValues: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Says which limit a JSON text breaks, in one pass and without building anything. Whether the text is JSON at all is
 * not decided here. Works on UTF-8 bytes: none of the characters that matter is part of a longer one.
 */
export function scanJson(
  bytes: Uint8Array,
  { maxDepth, maxValues }: JsonLimits,
): 'too_deep' | 'too_complex' | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = findEndOfString(bytes, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        values += 1;
        if (depth > maxDepth) return 'too_deep';
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        break;
      default:
    }
    if (values > maxValues) return 'too_complex';
  }
  return undefined;
}

/** Index of the closing quote, or the end of the text. */
function findEndOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
