import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonError } from '../../../lib/core/hook/find-json-error.ts';

const examples: readonly (readonly [text: string, at: number])[] = [
  ['', 0],
  ['  ', 2],
  ['{"a":x}', 5],
  ['{"a":1,}', 7],
  ['{a:1}', 1],
  ['{"a" 1}', 5],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['{"a":1} x', 8],
  ['{"a":', 5],
  ['"abc', 4],
  ['"a\nb"', 2],
  ['"\\x"', 2],
  ['"\\u12g4"', 5],
  ['01', 1],
  ['1.', 2],
  ['1e+', 3],
  ['-', 1],
  ['tru', 3],
  ['nulL', 3],
  ["{'a':1}", 1],
];

for (const [text, at] of examples) {
  test(`${JSON.stringify(text)} stops being JSON at ${at}`, () => {
    expect(findJsonError(text)).toBe(at);
  });
}

test('it finds an error exactly where there is one', () => {
  const almostJson = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', ',', '"', '{', '}', ':', '\\', '0', '-', 'e', '.', ' ', '\n'),
    )
    .map(
      ([json, at, odd]) =>
        json.slice(0, at % (json.length + 1)) + odd + json.slice((at % (json.length + 1)) + 1),
    );

  fc.assert(
    fc.property(fc.oneof(almostJson, fc.json(), fc.string()), (text) => {
      expect(findJsonError(text) === undefined).toBe(isJson(text));
    }),
    { numRuns: 2000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
