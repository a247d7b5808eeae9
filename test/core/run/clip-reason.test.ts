import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipReason, MAX_REASON_BYTES } from '../../../lib/core/run/clip-reason.ts';

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
