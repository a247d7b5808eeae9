import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_PEEK_SECONDS, toPeekSeconds } from '../../../lib/core/dead-letter/peek-seconds.ts';

const counts = fc.nat({ max: 10_000_000 });
const rates = fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined });

test('a look is a time that SQS allows: a minute or more, twelve hours at most', () => {
  fc.assert(
    fc.property(counts, rates, (messages, ratePerSecond) => {
      const seconds = toPeekSeconds({ messages, ratePerSecond });

      expect(Number.isInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThanOrEqual(MAX_PEEK_SECONDS);
    }),
  );
});

test('more messages take longer, and so does a slower rate', () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 499 }), (messages, rate) => {
      const seconds = (count: number, ratePerSecond?: number) =>
        toPeekSeconds({ messages: count, ratePerSecond });

      expect(seconds(messages + 1, rate)).toBeGreaterThanOrEqual(seconds(messages, rate));
      expect(seconds(messages, rate)).toBeGreaterThanOrEqual(seconds(messages, rate + 1));
      expect(seconds(messages, rate)).toBeGreaterThanOrEqual(seconds(messages));
    }),
  );
});
