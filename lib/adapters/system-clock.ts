import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** The machine's own time. The one place that reads it. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, signal ? { signal } : {}),
};
