import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const TELLING =
  /\.stack\b|\bVERSION\b|\bUSER_AGENT\b|[xX]-[pP]owered-[bB]y|[aA]ccess-[cC]ontrol-|['"][sS]erver['"]|\bserver:|\.message\b|\bdetail\b|\bcause\b/g;
// The simulator and the emulators answer as the real ones do, and nobody but us asks them.
const PLAYS_ANOTHER = ['lib/local/simulator/', 'lib/local/aws/', 'lib/adapters/crisp/'];

/** A reply carries a code: whoever writes one knows no stack, no version, no message, and invites no other origin. */
export function checkReplies(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !PLAYS_ANOTHER.some((place) => path.startsWith(place)))
    .map(({ path, text }) => ({ path, text: withoutSegments(text, 'comment') }))
    .filter(({ text }) => /\bstatusCode\b|\bwriteHead\b|\bHTTP\/1\.1\b/.test(text))
    .flatMap((file) => findPattern(file, TELLING, 'writes replies and knows more than a code'));
}
