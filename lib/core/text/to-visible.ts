// Control and format characters (C0, C1, bidirectional, zero width, tags), line and paragraph separators, halves of
// surrogate pairs, and code points that are no characters.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/**
 * Text in any language as a log line or a note may show it: what cannot be seen becomes `\uXXXX`, so that it can
 * neither fake a line, nor move the cursor, nor turn the reading direction. Applied twice it changes nothing more.
 */
export function toVisible(text: string): string {
  return text.replace(INVISIBLE, toEscapes);
}

function toEscapes(character: string): string {
  // By UTF-16 units, as JSON does it: an invisible character beyond the first plane has two.
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
