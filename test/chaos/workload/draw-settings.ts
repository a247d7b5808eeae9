import type { Random } from '../../../lib/local/simulator/random.ts';
import type { WorldSettings } from '../world/settings.ts';

// Any moment of this day: where the run lies in its buckets must not be the same every time.
const DAY_START_MS = 1_790_812_800_000;
const DAY_MS = 24 * 3600_000;

const WEBSITES = [
  '8c842203-7ed8-4e29-a608-7cf78a7d2fcc',
  '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10',
  '3b7c9a11-90d2-4c3e-8f5a-0a1b2c3d4e5f',
];

/** What a run is configured with, and how its Crisp behaves. */
export function drawSettings(seed: number, random: Random): WorldSettings {
  return {
    seed,
    startMs: DAY_START_MS + random.integer(0, DAY_MS),
    coalesceSeconds: random.pick([60, 60, 60, 20, 300]),
    marginSeconds: 10,
    queueDelaySeconds: random.chance(0.2) ? random.pick([0, 5, 30]) : undefined,
    include: random.pick(['profile', 'profile', 'profile,pages,events,relations']),
    inlineLimitBytes: random.pick([204_800, 204_800, 3_000]),
    maxPages: 25,
    crisp: {
      pageSize: random.pick([20, 40]),
      isInclusive: random.chance(0.3),
      says206: random.chance(0.85),
    },
    hooks: {
      mode: random.chance(0.85) ? 'plugin' : 'website',
      timestampUnit: random.chance(0.7) ? 'ms' : 's',
      isBase64: random.chance(0.2),
      resigns: random.chance(0.5),
    },
    websiteIds: WEBSITES.slice(0, random.integer(1, WEBSITES.length)),
  };
}
