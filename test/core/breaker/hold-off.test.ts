import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  doubleHoldOff,
  HELD_FOR_MS,
  isHeld,
  toHoldOffSeconds,
  toNextProbeMs,
} from '../../../lib/core/breaker/hold-off.ts';
import type { NotedOpening } from '../../../lib/core/breaker/opening.ts';

const NOW_MS = 1_790_856_000_000;
const MINUTE_MS = 60_000;

function anOpening(opening: Partial<NotedOpening> = {}): NotedOpening {
  return {
    openedMs: NOW_MS,
    code: 'crisp_unavailable',
    route: 'website/conversation',
    session: undefined,
    holdOffSeconds: 60,
    nextProbeMs: NOW_MS + MINUTE_MS,
    failedProbes: 0,
    closing: undefined,
    ...opening,
  };
}

function closedAt(closedMs: number, wasFalseAlarm = false): NotedOpening {
  return anOpening({ holdOffSeconds: 240, closing: { closedMs, wasFalseAlarm } });
}

test('the hold-offs of failed looks are 1, 2, 4, 8, 15, 15 minutes', () => {
  const minutes = [60];
  while (minutes.length < 6) minutes.push(doubleHoldOff(minutes.at(-1) ?? 0));

  expect(minutes.map((seconds) => seconds / 60)).toEqual([1, 2, 4, 8, 15, 15]);
});

test.each([
  ['the first opening', undefined, 60],
  ['an opening 29 minutes after a close', closedAt(NOW_MS - 29 * MINUTE_MS), 480],
  ['an opening 30 minutes after a close', closedAt(NOW_MS - 30 * MINUTE_MS), 60],
  ['an opening soon after a false alarm', closedAt(NOW_MS - MINUTE_MS, true), 60],
])('%s waits as long as it should', (_title, previous, seconds) => {
  expect(toHoldOffSeconds(previous, NOW_MS)).toBe(seconds);
});

test('an opening whose closing was never noted counts as over when it was last to be looked at', () => {
  const lost = anOpening({ openedMs: NOW_MS - 300 * MINUTE_MS, holdOffSeconds: 900 });

  expect(toHoldOffSeconds({ ...lost, nextProbeMs: NOW_MS - 10 * MINUTE_MS }, NOW_MS)).toBe(900);
  expect(toHoldOffSeconds({ ...lost, nextProbeMs: NOW_MS - 200 * MINUTE_MS }, NOW_MS)).toBe(60);
});

test('a hold-off is between one minute and fifteen, whatever was noted', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 1e7 }), (noted, agoMs) => {
      const previous = anOpening({
        holdOffSeconds: noted,
        closing: { closedMs: NOW_MS - agoMs, wasFalseAlarm: false },
      });

      const seconds = toHoldOffSeconds(previous, NOW_MS);

      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThanOrEqual(900);
    }),
  );
});

test('the next look comes after the hold-off and after Retry-After, but within an hour for the latter', () => {
  expect(toNextProbeMs(NOW_MS, 60)).toBe(NOW_MS + MINUTE_MS);
  expect(toNextProbeMs(NOW_MS, 60, 30_000)).toBe(NOW_MS + MINUTE_MS);
  expect(toNextProbeMs(NOW_MS, 60, 20 * MINUTE_MS)).toBe(NOW_MS + 20 * MINUTE_MS);
  expect(toNextProbeMs(NOW_MS, 60, 24 * 60 * MINUTE_MS)).toBe(NOW_MS + 60 * MINUTE_MS);
});

test('an opening holds what is still delivered for two minutes, and a closed one nothing', () => {
  expect(isHeld(anOpening(), NOW_MS + HELD_FOR_MS - 1)).toBe(true);
  expect(isHeld(anOpening(), NOW_MS + HELD_FOR_MS)).toBe(false);
  expect(isHeld(closedAt(NOW_MS), NOW_MS + 1)).toBe(false);
});
