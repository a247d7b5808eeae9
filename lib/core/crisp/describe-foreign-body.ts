import { toPrintable } from '../text/to-printable.ts';

const EXCERPT_LENGTH = 80;
// What a proxy's error page may repeat of the request or of the network: addresses, and anything as long as a secret.
const SENSITIVE = /\S+@\S+|\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]{6,}|[\w+/=-]{24,}/gi;

/**
 * One line about a body that is not JSON, for a person: its content type and how it begins. Never for a body that
 * claims or seems to be JSON: that is a conversation, or a piece of one.
 */
export function describeForeignBody(body: string, contentType: string | undefined): string {
  const type = toPrintable(contentType ?? 'none', 60);
  if (/json/i.test(type)) return `content type ${type}`;
  const beginning = body
    .trim()
    .slice(0, 4 * EXCERPT_LENGTH)
    .replace(SENSITIVE, '[..]');
  return `content type ${type}, begins: ${toPrintable(beginning.slice(0, EXCERPT_LENGTH))}`;
}
