import { describe, expect, test } from 'vitest';
import { compareRecords } from '../../../lib/console/page/compare.ts';
import { readRecord } from '../../../lib/console/page/record.ts';
import {
  formatDuration,
  formatSpan,
  plural,
  toPieces,
  toPlainText,
} from '../../../lib/console/page/words.ts';

describe('a text from anywhere', () => {
  const mark = (name: string, code: string) => ({ mark: name, code });

  test.each([
    ['an override of direction', 'a\u202eb', ['a', mark('RLO', 'U+202E'), 'b']],
    ['an escape sequence', '\u001b[31mred', [mark('ESC', 'U+001B'), '[31mred']],
    ['a joiner between Latin letters', 'pay\u200dpal', ['pay', mark('ZWJ', 'U+200D'), 'pal']],
    ['a tag that no flag has', 'a\u{e0041}', ['a', mark('U+E0041', 'U+E0041')]],
    ['a variation selector after a letter', 'a\ufe0f', ['a', mark('U+FE0F', 'U+FE0F')]],
  ])('shows %s', (_, text, pieces) => {
    expect(toPieces(text)).toEqual(pieces);
  });

  test.each([
    ['a family', '👩‍👩‍👧'],
    ['a coloured heart', '❤️‍🔥 and ☕️'],
    ['a flag of tags', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['Persian spelling', 'می‌خواهم'],
    ['Hindi spelling', 'क्‍ष'],
    ['lines and tabs', 'a\n\tb'],
  ])('leaves %s as it is', (_, text) => {
    expect(toPieces(text)).toEqual([text]);
  });

  test('names them in a title too', () => {
    expect(toPlainText('gnp\u202eexe')).toBe('gnp[RLO]exe');
  });

  test('keeps every character of any text, marked or not', () => {
    const text = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');

    const kept = toPieces(text).map((piece) =>
      typeof piece === 'string' ? piece : String.fromCodePoint(Number.parseInt(piece.code.slice(2), 16)),
    );

    expect(kept.join('')).toBe(text);
  });
});

test.each([
  [50, '0.05 s', '0 s'],
  [4_230, '4.2 s', '4 s'],
  [59_400, '59 s', '59 s'],
  [90_000, '2 min', '2 min'],
  [3 * 3_600_000, '3 h', '3 h'],
  [9 * 86_400_000, '9 d', '9 d'],
])('%d ms are %s, and %s where they count', (ms, duration, span) => {
  expect([formatDuration(ms), formatSpan(ms)]).toEqual([duration, span]);
});

test('a number has its separators, and its noun the right ending', () => {
  expect([plural(1, 'call'), plural(3120, 'call'), plural(2, 'fetch', 'fetches')]).toEqual([
    '1 call',
    '3,120 calls',
    '2 fetches',
  ]);
});

describe('two versions', () => {
  const record = (messages: readonly object[], fields: object = {}) => ({ version: 1, messages, ...fields });
  const message = (fingerprint: number, content: string) => ({
    fingerprint,
    type: 'text',
    content,
    user: { nickname: 'Ada' },
  });

  test('differ by the message that came, wherever it stands among the others', () => {
    const before = record([message(1, 'Hello'), message(3, 'Thanks')]);
    const after = record([message(1, 'Hello'), message(2, 'Hi'), message(3, 'Thanks')]);

    expect(compareRecords(before, after)).toMatchObject([{ before: undefined, after: 'Ada: Hi' }]);
  });

  test('differ by an edit, and what every fetch changes is told apart', () => {
    const before = record([message(1, 'teapto')], { version: 1, state: 'pending' });
    const after = record([message(1, 'teapot')], { version: 2, state: 'pending' });

    expect(compareRecords(before, after)).toMatchObject([
      { before: 'teapto', after: 'teapot', isOfFetch: false },
      { path: 'version', isOfFetch: true },
    ]);
  });
});

test.each([
  null,
  'text',
  7,
  {},
  { messages: 7, meta: [], profile: 'x', enrichment: null },
  { messages: [null, 1, []] },
])('a record of any shape can be shown: %j', (value) => {
  const view = readRecord(value);

  expect(view === undefined || Array.isArray(view.messages)).toBe(true);
});
