import { toMediaType, toShape } from '../text.ts';

// JSON may stand behind a comment, a prefix or a tag.
const PIECE_OF_JSON = /[{[]\s*"|"\s*:/;
const SHAPE_LENGTH = 60;
// Crisp's own errors have a few hundred bytes, and an error page says what it is about at its beginning.
const LOOKED_AT = 64 * 1024;

/** What error pages say of their cause and of who wrote them. Nothing else of a page is ever repeated. */
const KNOWN_WORDS = [
  'maintenance',
  'gateway',
  'timeout',
  'timed out',
  'unavailable',
  'overloaded',
  'too many requests',
  'rate limit',
  'quota',
  'denied',
  'forbidden',
  'unauthorized',
  'blocked',
  'banned',
  'firewall',
  'captcha',
  'challenge',
  'certificate',
  'not found',
  'bad request',
  'internal server error',
  'proxy',
  'login',
  'cloudflare',
  'cloudfront',
  'akamai',
  'fastly',
  'nginx',
  'apache',
  'haproxy',
  'envoy',
  'varnish',
  'squid',
  'zscaler',
];

/**
 * One line about a body that is not JSON, for a person: content type, length, what it looks like, and which of the known
 * words it has. Its own text is in none of these, because an error page may quote a customer. Of a body that claims to be
 * JSON, or has a piece of it anywhere, type and length alone: that is a conversation, or a piece of one.
 */
export function describeForeignBody(body: string, contentType: string | undefined): string {
  const type = contentType === undefined ? 'none' : toMediaType(contentType);
  const size = `content type ${type}, ${body.length} characters`;
  if (/json/i.test(contentType ?? '') || PIECE_OF_JSON.test(body)) return size;
  const words = findKnownWords(body.slice(0, LOOKED_AT));
  const shape = `${size} that look like "${toShape(body.trim(), SHAPE_LENGTH)}"`;
  return words.length === 0 ? shape : `${shape}, with the words: ${words.join(', ')}`;
}

/** In the order of the list, each once: not in that of the page, which could say something with it. */
function findKnownWords(text: string): readonly string[] {
  const words = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  return KNOWN_WORDS.filter((word) => words.includes(` ${word} `));
}
