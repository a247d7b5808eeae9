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
