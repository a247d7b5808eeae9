import { clipWords } from '../text/clip-words.ts';
import { toExcerpt } from '../text/to-excerpt.ts';
import { toMediaType } from '../text/to-media-type.ts';

const EXCERPT_LENGTH = 80;
// What a proxy's error page may repeat of the request: anything as long as a secret.
const LONG_WORD = /[\w+/=-]{24,}/g;
// JSON may stand behind a comment, a prefix or a tag.
const PIECE_OF_JSON = /[{[]\s*"|"\s*:/;
const LOOKED_AT = 16 * EXCERPT_LENGTH;

/**
 * One line about a body that is not JSON, for a person: its content type and how it begins. Never for a body that
 * claims to be JSON, or has a piece of it anywhere: that is a conversation, or a piece of one.
 */
export function describeForeignBody(body: string, contentType: string | undefined): string {
  const type = contentType === undefined ? 'none' : toMediaType(contentType);
  if (/json/i.test(contentType ?? '') || PIECE_OF_JSON.test(body)) return `content type ${type}`;
  const beginning = clipWords(body.trim(), LOOKED_AT).replace(LONG_WORD, '[..]');
  return `content type ${type}, begins: ${toExcerpt(beginning, EXCERPT_LENGTH)}`;
}
