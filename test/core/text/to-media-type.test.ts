import { expect, test } from 'vitest';
import { toMediaType } from '../../../lib/core/text/to-media-type.ts';

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
