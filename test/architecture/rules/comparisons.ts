import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

// What must not be told by how long a comparison takes; the last word of a chain of names.
const SECRET = String.raw`(?:[\w$]+\??\.)*\w*(?:signature|digest|hmac|secret|credential|password|urlKey|apiKey)s?\b(?!\s*[.([?])`;
// Whether there is one at all may be told: undefined, null, a number, a literal (whose text is left out here).
const VALUE = String.raw`(?!undefined\b|null\b|true\b|false\b|typeof\b)[A-Za-z_$(\[]`;
const COMPARISONS = [
  new RegExp(String.raw`${SECRET}\s*[!=]==?\s*${VALUE}`, 'gi'),
  new RegExp(String.raw`(?:[\w$)\]])\s*(?<!undefined\s*|null\s*)[!=]==?\s*${SECRET}`, 'gi'),
  new RegExp(
    String.raw`\.(?:includes|indexOf|startsWith|endsWith|equals|compare|localeCompare|has)\(\s*${SECRET}\s*[,)]`,
    'gi',
  ),
  /\w*(?:signature|digest|hmac|secret|credential|password)\.(?:equals|compare|localeCompare|startsWith|endsWith)\(/gi,
  /[!=]==?\s*(?:signHook|toDigest|createHmac|createHash)\b/g,
];

// The simulator is the other side, whose secrets are made up, and the banner shows one of these; the last one collects
// our own, and is given nobody else's.
const OURS_ALONE = [
  'lib/local/simulator/',
  'lib/local/terminal/format-banner.ts',
  'lib/adapters/secrets/known-secrets.ts',
];

/** Signatures, keys and secrets are compared by `timingSafeEqual` alone: no other comparison takes always the same time. */
export function checkComparisons(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !OURS_ALONE.some((place) => path.startsWith(place)))
    .map(({ path, text }) => ({ path, text: withoutSegments(text, 'comment', 'text', 'regex') }))
    .flatMap((file) =>
      COMPARISONS.flatMap((pattern) => findPattern(file, pattern, 'compares a secret in telling time')),
    );
}
