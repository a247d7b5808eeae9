import { INVALID_MESSAGE_BODY_CHAR } from '../fauxqs-internals.ts';

/**
 * Lets message bodies have what SQS allows beyond the 65,536 first characters (emoji). fauxqs looks at halves of such a
 * character; its expression is changed in place, because its handlers hold this very object.
 */
export function mendMessageCharacters(): void {
  INVALID_MESSAGE_BODY_CHAR.compile('[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]', 'u');
}
