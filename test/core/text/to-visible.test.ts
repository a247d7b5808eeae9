import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toVisible, toVisibleJson } from '../../../lib/core/text/to-visible.ts';

test.each([
  ['a line break that begins a line of its own', '\n{"level":"info"', '\\u000a{"level":"info"'],
  ['an escape sequence of a terminal', '\u001b[2J', '\\u001b[2J'],
  ['a control character beyond ASCII', '\u009b2J', '\\u009b2J'],
  ['a delete', '\u007f', '\\u007f'],
  ['a line and a paragraph separator', '\u2028\u2029', '\\u2028\\u2029'],
  ['a change of the reading direction', 'a\u202eb\u2066c\u200fd', 'a\\u202eb\\u2066c\\u200fd'],
  ['what has no width', '\u200b\ufeff\u00ad', '\\u200b\\ufeff\\u00ad'],
  ['a letter in a tag that nobody sees', '\u{e0041}', '\\udb40\\udc41'],
  ['half a surrogate pair', '\ud800', '\\ud800'],
  ['what is no character', '\ufffe\uffff', '\\ufffe\\uffff'],
])('%s is shown as what it is', (_, text, shown) => {
  expect(toVisible(text)).toBe(shown);
});

test('what people write stays as it is', () => {
  const text = 'Wo ist mein Päckchen? 包裹在哪里 😀 "x" \\u0041';

  expect(toVisible(text)).toBe(text);
});

test('whatever the text, nothing invisible is left, and a second time changes nothing more', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = toVisible(text);

      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      expect(toVisible(shown)).toBe(shown);
    }),
  );
});

test('JSON of any text has nothing invisible in it, and is read again as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(undefined, 2), (text, indent) => {
      const value = { [text]: [text, { text }] };
      const json = toVisibleJson(value, indent);

      expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('JSON keeps what people write, and its own line breaks', () => {
  expect(toVisibleJson({ text: 'Päckchen 包裹 😀' }, 2)).toBe('{\n  "text": "Päckchen 包裹 😀"\n}');
  expect(toVisibleJson('\u009b2J \u202e \u200b \u{e0041}\n')).toBe(
    '"\\u009b2J \\u202e \\u200b \\udb40\\udc41\\n"',
  );
});
