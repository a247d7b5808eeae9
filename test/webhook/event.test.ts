import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHookBody } from '../../lib/webhook/event.ts';
import { HookRefusedError } from '../../lib/webhook/refusal.ts';

describe('parse hook body', () => {
  test('W5 the log has the length of what is not JSON, without a word of the body', () => {
    const body = Buffer.from('{"content":"é😀 private",}');

    const error = catchRefusal(() => parseHookBody(body));

    expect(error?.code).toBe('invalid_json');
    expect(error?.detail).toBe(`body of ${body.length} bytes`);
    expect(String(error?.cause)).not.toContain('private');
  });

  test('braces, brackets and commas within texts count for nothing', () => {
    const text = '[{,"\\'.repeat(20_000);
    expect(parseHookBody(Buffer.from(JSON.stringify({ text })))).toEqual({ text });
  });

  test('what is within the limits is parsed to the same as by JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const json = JSON.stringify(value);

        expect(parseHookBody(Buffer.from(json))).toEqual(JSON.parse(json));
      }),
    );
  });

  test.each([
    ['64 levels', '['.repeat(64) + ']'.repeat(64), undefined],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), 'too_deep'],
    ['65 levels of objects', `${'{"a":'.repeat(65)}0${'}'.repeat(65)}`, 'too_deep'],
    ['131,072 levels, the most that a body can have', '['.repeat(131_072) + ']'.repeat(131_072), 'too_deep'],
    ['10,000 elements', JSON.stringify(Array(10_000).fill(0)), undefined],
    ['10,001 elements', JSON.stringify(Array(10_001).fill(0)), 'too_complex'],
    [
      '10,001 elements in two lists',
      JSON.stringify([Array(5000).fill(0), Array(4999).fill(0)]),
      'too_complex',
    ],
    ['W35 the most elements that a body can have', JSON.stringify(Array(131_071).fill(0)), 'too_complex'],
  ])('a payload of %s is held against the limits', (_title, text, code) => {
    expect(catchRefusal(() => parseHookBody(Buffer.from(text)))?.code).toBe(code);
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
