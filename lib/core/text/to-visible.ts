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

// As above, and all else that takes no place (variation selectors, fillers, joiners), but for the line breaks between the
// parts of a document.
const INVISIBLE_IN_JSON =
  /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/gu;

/** JSON in which nothing invisible stands raw: read again it is the same value, shown on a terminal it does nothing. */
export function toVisibleJson(value: unknown, indent?: number): string {
  // Outside of strings JSON has no such character but the line break, and in strings it escapes that itself.
  return JSON.stringify(value, null, indent).replace(INVISIBLE_IN_JSON, toEscapes);
}
