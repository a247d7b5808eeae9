import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldLines } from '../../lib/cli/output.ts';
import { formatDuration } from '../../lib/cli/text/format-duration.ts';
import { toSentence } from '../../lib/cli/text/to-sentence.ts';
import { toMoment } from '../../lib/core/text/to-moment.ts';

test('a sentence is one line, whatever a text holds, and of bounded length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const sentence = toSentence(text);

      expect(sentence).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
      expect([...sentence].length).toBeLessThanOrEqual(161);
    }),
  );
});

test.each([
  ['\u001b[2Jgone', '\\u001b[2Jgone'],
  ['two\nlines', 'two\\u000alines'],
  ['Grüße, 東京', 'Grüße, 東京'],
  ['x'.repeat(200), `${'x'.repeat(160)}…`],
])('%j is shown as %s', (text, sentence) => {
  expect(toSentence(text)).toBe(sentence);
});

test.each([
  [undefined, '-'],
  [-5, '0s'],
  [999, '1s'],
  [59_000, '59s'],
  [61_000, '1m 1s'],
  [3_600_000, '1h'],
  [3 * 3_600_000 + 125_000, '3h 2m'],
  [14 * 86_400_000, '14d'],
  [13 * 86_400_000 + 23 * 3_600_000, '13d 23h'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('a moment is told to the second, and a number that is none is no moment', () => {
  expect(toMoment(1_790_856_000_999)).toBe('2026-10-01T12:00:00Z');
  expect(toMoment(undefined)).toBeUndefined();
  expect(toMoment(Number.MAX_SAFE_INTEGER)).toBeUndefined();
});

test.each([
  ['a line that fits', 'x'.repeat(40), 'x'.repeat(40)],
  ['a sentence', `${'word '.repeat(9)}end`, `${'word '.repeat(7)}word\n    word end`],
  [
    'the padding of a table',
    `${'m'.repeat(36)}  ${'s'.repeat(30)}    1`,
    `${'m'.repeat(36)}\n    ${'s'.repeat(30)}    1`,
  ],
  [
    'characters that take two columns',
    `${'漢'.repeat(15)} ${'漢'.repeat(15)}`,
    `${'漢'.repeat(15)}\n    ${'漢'.repeat(15)}`,
  ],
  [
    'a command between backticks',
    `run this, please do: \`dlq drop --all --yes\` now`,
    'run this, please do:\n    `dlq drop --all --yes` now',
  ],
  [
    'a line that is a command',
    `  npx crisp-enrich dlq drop --all --yes --confirm name`,
    '  npx crisp-enrich dlq drop --all --yes --confirm name',
  ],
  ['a word that is longer than the terminal', `a ${'w'.repeat(60)} b`, `a\n    ${'w'.repeat(60)}\n    b`],
  [
    'each line for itself',
    `one\n${'two '.repeat(11)}\nthree\n`,
    `one\n${'two '.repeat(10).trimEnd()}\n    two\nthree\n`,
  ],
])('%s is broken where the terminal ends, between words', (_case, text, folded) => {
  expect(foldLines(text, 40)).toBe(folded);
});

test('whatever the text, folding changes white space alone', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.integer({ min: 1, max: 120 }),
      (text, width) => {
        expect(foldLines(text, width).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      },
    ),
  );
});
