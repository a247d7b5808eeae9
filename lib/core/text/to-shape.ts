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
