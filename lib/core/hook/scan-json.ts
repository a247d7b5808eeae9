export interface JsonLimits {
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
