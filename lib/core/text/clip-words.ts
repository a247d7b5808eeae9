/** The first `maxLength` characters of a text, less the word in which it is cut: no word is there in part. */
export function clipWords(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength).replace(/\S+$/, '');
}
