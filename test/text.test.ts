import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeDefect } from '../lib/defects.ts';
import { VERSION } from '../lib/ids.ts';
import {
  clipReason,
  findNearestName,
  MAX_REASON_BYTES,
  toMediaType,
  toPrintable,
  toShape,
  toVisible,
  toVisibleJson,
} from '../lib/text.ts';
import manifest from '../package.json' with { type: 'json' };

test('a reason of 2 KB is whole, and one byte more is clipped', () => {
  const whole = 'x'.repeat(MAX_REASON_BYTES);

  expect(clipReason(whole)).toBe(whole);
  expect(clipReason(`${whole}x`)).toBe(`${'x'.repeat(MAX_REASON_BYTES - 3)}…`);
});

test.each([0, 1, 2, 3])('a character is never cut in two, wherever the limit falls (%i)', (shift) => {
  const clipped = clipReason('x'.repeat(shift) + '😀'.repeat(1000));

  expect(clipped).toMatch(/^x*(😀)+…$/u);
});

test('whatever the reason, it is short, visible, well-formed, and clipped once for all', () => {
  const reason = fc.string({ unit: 'binary', maxLength: 6000, size: 'max' });

  fc.assert(
    fc.property(reason, (text) => {
      const clipped = clipReason(text);

      expect(Buffer.byteLength(clipped)).toBeLessThanOrEqual(MAX_REASON_BYTES);
      expect(clipped.isWellFormed()).toBe(true);
      expect(clipReason(clipped)).toBe(clipped);
    }),
  );
});

describe('to visible', () => {
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
});

describe('text', () => {
  test('a printable text is one line of ASCII, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(toPrintable(text, 200)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  test('two different texts stay different when they are printed', () => {
    expect(toPrintable('\u202e')).toBe('\\u202e');
    expect(toPrintable('\\u202e')).toBe('\\u005cu202e');
  });

  test('a shape has no letter and no digit of the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toShape(text)).toMatch(/^[a0 -/:-@[-`{-~]*$/);
      }),
    );
  });

  test('the nearest name is found within a third of the letters, and none beyond', () => {
    const names = ['CRISP_TIER', 'CRISP_TOKEN_KEY'];

    expect(findNearestName('CRISP_TEIR', names)).toBe('CRISP_TIER');
    expect(findNearestName('CRISP_TOKENKEY', names)).toBe('CRISP_TOKEN_KEY');
    expect(findNearestName('trcae', ['trace', 'runs'])).toBe('trace');
    expect(findNearestName('CRISP_COLOUR_OF_BUTTONS', names)).toBeUndefined();
  });
});

test('the version that we tell is the version of the package', () => {
  expect(VERSION).toBe(manifest.version);
});

test('a defect is told by its class and its innermost places, never by its message', () => {
  const { name, where } = describeDefect(new TypeError('ada@example.com wrote\n    at lunch'));

  expect(name).toBe('TypeError');
  expect(where).toMatch(/^at .*text\.test\.ts:\d+:\d+/);
  expect(where).not.toMatch(/ada|lunch/);
});

test.each([
  ['null', null, 'null'],
  ['text', 'ada@example.com', 'string'],
  ['a frozen object', Object.freeze({}), 'object'],
  [
    'an error whose stack throws',
    Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('getter');
      },
    }),
    'Error',
  ],
])('%s is described too', (_, thrown, name) => {
  expect(describeDefect(thrown)).toEqual({ name, where: '' });
});

test.each([
  ['text/html; charset=utf-8', 'text/html'],
  ['Application/JSON', 'application/json'],
  ['', '""'],
  ['k3y-0123456789', '"a0a-0000000000"'],
  ['text/html k3y', '"aaaa/aaaa a0a"'],
  ['parcel/lost', '"aaaaaa/aaaa"'],
  ['text/ada-lovelace', '"aaaa/aaa-aaaaaaaa"'],
])('the header %j names the type %s', (header, type) => {
  expect(toMediaType(header)).toBe(type);
});
