import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOOK_JSON_LIMITS, parseHookBody } from '../../lib/webhook/event.ts';
import { findJsonError, scanJson } from '../../lib/webhook/json-errors.ts';
import { HookRefusedError } from '../../lib/webhook/refusal.ts';

describe('parse hook body', () => {
  test('W5 the place of an error is told in bytes, without a word of the body', () => {
    const body = Buffer.from('{"content":"é😀 private",}');

    const error = catchRefusal(() => parseHookBody(body));

    expect(error?.code).toBe('invalid_json');
    expect(error?.detail).toBe(`at byte ${body.length - 1}`);
    expect(String(error?.cause)).not.toContain('private');
  });

  test('braces, brackets and commas within texts count for nothing', () => {
    const text = '[{,"\\'.repeat(20_000);

    const parsed = parseHookBody(Buffer.from(JSON.stringify({ text })));

    expect(parsed).toEqual({ text });
  });

  test('any bytes are parsed, or refused with a code, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((json) => Buffer.from(json)),
        ),
        (bytes) => {
          try {
            parseHookBody(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(HookRefusedError);
          }
        },
      ),
    );
  });

  test('what is within the limits is parsed to the same as by JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const json = JSON.stringify(value);

        expect(parseHookBody(Buffer.from(json))).toEqual(JSON.parse(json));
      }),
    );
  });

  test('the scan stops at the limit itself, neither before nor after', () => {
    const array = (length: number) => Buffer.from(JSON.stringify(Array(length).fill(0)));
    const limits = { maxDepth: 2, maxValues: 10 };

    expect(scanJson(array(10), limits)).toBeUndefined();
    expect(scanJson(array(11), limits)).toBe('too_complex');
    expect(scanJson(Buffer.from('[[]]'), limits)).toBeUndefined();
    expect(scanJson(Buffer.from('[[[]]]'), limits)).toBe('too_deep');
  });

  test('W35 the longest body that is allowed is scanned within 50 ms, whatever is in it', () => {
    const bodies = ['"', '\\', '"\\', '[],', 'a'].map((unit) =>
      Buffer.from(unit.repeat(200_000)).subarray(0, 262_144),
    );

    for (const body of bodies) {
      const startedMs = performance.now();
      scanJson(body, { ...HOOK_JSON_LIMITS, maxValues: Number.POSITIVE_INFINITY });
      expect(performance.now() - startedMs).toBeLessThan(50);
    }
  });

  function catchRefusal(run: () => unknown): HookRefusedError | undefined {
    try {
      run();
    } catch (error) {
      if (error instanceof HookRefusedError) return error;
      throw error;
    }
    return undefined;
  }
});

describe('find json error', () => {
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
});
