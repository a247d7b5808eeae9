import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HookRefusedError } from '../../../lib/core/errors/hook-refused-error.ts';
import { checkHookAge, parseHookTimestamp } from '../../../lib/core/hook/hook-timestamp.ts';
import { readCredential } from '../../../lib/core/hook/read-credential.ts';
import { readHookBody } from '../../../lib/core/hook/read-hook-body.ts';
import { verifyCredential } from '../../../lib/core/hook/verify-credential.ts';

const anyHeader = fc.oneof(
  fc.string(),
  fc.constant(undefined),
  fc.constant('a'.repeat(64)),
  fc.constant('1790856000'),
);
const anyDelivery = fc.record({
  method: fc.constant('POST'),
  path: fc.constant('/webhook'),
  query: fc.oneof(
    fc.string(),
    fc.string().map((key) => `key=${key}`),
    fc.constant('key=%ff%'),
  ),
  headers: fc.record({ 'x-crisp-signature': anyHeader, 'x-crisp-request-timestamp': anyHeader }),
  body: fc.string(),
  isBase64: fc.boolean(),
});

test('whatever a delivery holds, it is refused or let through, and nothing else happens', () => {
  fc.assert(
    fc.property(anyDelivery, fc.constantFrom('plugin' as const, 'website' as const), (delivery, mode) => {
      try {
        const credential = readCredential(delivery, mode);
        verifyCredential(credential, readHookBody(delivery), ['whsec_9f1c7a52e0b84d36']);
        expect.unreachable('nobody guesses the secret');
      } catch (error) {
        expect(error).toBeInstanceOf(HookRefusedError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('seconds and milliseconds are told apart by their digits', () => {
  expect(parseHookTimestamp('1790856000')).toBe(1_790_856_000_000);
  expect(parseHookTimestamp('1790856000123')).toBe(1_790_856_000_123);
});

const ages: readonly (readonly [ageMs: number, code: string | undefined])[] = [
  [3_600_000, undefined],
  [3_600_001, 'timestamp_too_old'],
  [-300_000, undefined],
  [-300_001, 'timestamp_in_future'],
];

for (const [ageMs, code] of ages) {
  test(`a hook ${ageMs} ms old is ${code ?? 'young enough'} where an hour is allowed`, () => {
    const check = () => checkHookAge(1_790_856_000_000, 1_790_856_000_000 + ageMs, 3600);

    if (code) expect(check).toThrow(expect.objectContaining({ code }));
    else expect(check).not.toThrow();
  });
}
