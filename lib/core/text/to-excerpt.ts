import { clipWords } from './clip-words.ts';
import { redact } from './redact.ts';
import { toPrintable } from './to-printable.ts';

// Seven digits and more, with what people put between them; times and counts of that length go with them. Not within
// a word: that may be a secret, and a part of it is no longer known for one.
const PHONE_NUMBER = /(?<![^\s"'<>(:,;])\+?\(?\d(?:[ ()./-]{0,2}\d){6,}(?![^\s"'<>).,;])/g;
// What is taken out makes room for what follows; this much of the text is looked at for that.
const WINDOW_FACTOR = 8;

/**
 * The beginning of a text of foreign origin as it may be shown, in one line of ASCII: without addresses, numbers of
 * phones and URL queries, and cut between two words. A secret is one word: it is there in whole, and whoever knows it
 * can still take it out, or it is not there at all.
 */
export function toExcerpt(text: string, maxLength: number): string {
  const redacted = redact(clipWords(text, WINDOW_FACTOR * maxLength)).replace(PHONE_NUMBER, '[..]');
  const excerpt = clipWords(redacted, maxLength);
  const isWhole = excerpt === redacted && text.length <= WINDOW_FACTOR * maxLength;
  return toPrintable(excerpt, maxLength) + (isWhole ? '' : `… (${text.length} characters)`);
}
