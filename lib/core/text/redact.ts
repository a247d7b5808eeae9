import { REDACTED, redactSecrets } from './redact-secrets.ts';

/**
 * A text of foreign origin (an error page, another library's words) as it may be shown: without what the `secrets` find,
 * e-mail addresses, IP addresses, and the user, query and fragment of URLs. Applied twice it changes nothing more.
 */
export function redact(text: string, secrets: readonly RegExp[] = []): string {
  const redacted = CONTACTS.reduce(
    (rest, [pattern, replacement]) => rest.replace(pattern, replacement),
    redactSecrets(text, secrets),
  );
  // What is left on both sides of a gap may be an address again; each round leaves less, so this ends.
  return redacted === text ? text : redact(redacted, secrets);
}

const CONTACTS: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host/path?query#fragment
  [/((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/)[^\s/?#@"<>]+@/gi, '$1'],
  [/((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/[^\s?#"<>]*[?#])[^\s"<>]+/gi, `$1${REDACTED}`],
  [/(\?)[^\s"<>?]+=[^\s"<>]*/g, `$1${REDACTED}`],
  [
    /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/giu,
    REDACTED,
  ],
  [/(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)/g, REDACTED],
  [/(?<![\w:.])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])/gi, REDACTED],
  [
    /(?<![\w:.])(?=[0-9a-f:]*[0-9a-f])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?(?![\w:])/gi,
    REDACTED,
  ],
];
