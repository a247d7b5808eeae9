import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findNearestName } from '../../../lib/core/text/find-nearest-name.ts';
import { toPrintable } from '../../../lib/core/text/to-printable.ts';
import { toShape } from '../../../lib/core/text/to-shape.ts';

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
  expect(findNearestName('CRISP_COLOUR_OF_BUTTONS', names)).toBeUndefined();
});
