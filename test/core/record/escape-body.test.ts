import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBody } from '../../../lib/core/record/escape-body.ts';
import { isLegalForSqs } from '../../support/is-legal-for-sqs.ts';

// Any UTF-16, halves of surrogate pairs included; the dangerous units are made likely.
const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(0, 0x1f, 0xd83d, 0xde00, 0xdfff, 0xfffe, 0xffff),
    ),
  )
  .map((units) => String.fromCharCode(...units));
const anyJson = fc.object({ key: anyText, values: [anyText, fc.integer(), fc.boolean(), fc.constant(null)] });

describe('an escaped body', () => {
  test('W40 R24 is always text that SQS takes', () => {
    fc.assert(fc.property(anyJson, (value) => isLegalForSqs(escapeBody(value))));
  });

  test('is JSON that gives the same value back', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(escapeBody(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('writes an emoji as its two code units, and leaves what is harmless alone', () => {
    expect(escapeBody(['😀', 'é\u2028', '\uffff'])).toBe('["\\ud83d\\ude00","é\u2028","\\uffff"]');
  });
});
