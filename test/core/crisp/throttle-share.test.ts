import { expect, test } from 'vitest';
import { toThrottleShare } from '../../../lib/core/crisp/throttle-share.ts';

test.each([1, 2, 4, 100])(
  'the shares of %d instances together stay just below the configured rate',
  (instances) => {
    const { ratePerSecond, burst } = toThrottleShare(10, instances);

    expect(ratePerSecond * instances).toBeLessThan(10);
    expect(ratePerSecond * instances).toBeGreaterThan(9.8);
    expect(burst).toBeGreaterThanOrEqual(1);
  },
);
