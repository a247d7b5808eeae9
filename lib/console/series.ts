const MINUTE_MS = 60_000;
const SLOTS_A_MINUTE = 12;
const SLOT_MS = MINUTE_MS / SLOTS_A_MINUTE;
const MINUTES = 15;
const SLOTS = MINUTES * SLOTS_A_MINUTE;

/** How often something happened in each of the last fifteen minutes. */
export interface MinuteCounts {
  add(atMs: number, times?: number): void;
  /** In the last sixty seconds, to five seconds. */
  lastMinute(nowMs: number): number;
  /** Oldest first; the last one ends now. */
  minutes(nowMs: number): number[];
}

/** A ring of five-second slots: 180 numbers, however much happens. */
export function createMinuteCounts(): MinuteCounts {
  const counts = new Array<number>(SLOTS).fill(0);
  let newest = 0;

  /** Empties the slots that have passed since the newest one. */
  function advance(slot: number): void {
    for (let each = Math.max(newest + 1, slot - SLOTS + 1); each <= slot; each += 1) counts[each % SLOTS] = 0;
    newest = Math.max(newest, slot);
  }

  function sum(firstSlot: number): number {
    let total = 0;
    for (let each = firstSlot; each < firstSlot + SLOTS_A_MINUTE; each += 1)
      total += counts[((each % SLOTS) + SLOTS) % SLOTS] ?? 0;
    return total;
  }

  return {
    add(atMs, times = 1) {
      const slot = Math.floor(atMs / SLOT_MS);
      advance(slot);
      if (slot > newest - SLOTS) counts[slot % SLOTS] = (counts[slot % SLOTS] ?? 0) + times;
    },
    lastMinute(nowMs) {
      advance(Math.floor(nowMs / SLOT_MS));
      return sum(newest - SLOTS_A_MINUTE + 1);
    },
    minutes(nowMs) {
      advance(Math.floor(nowMs / SLOT_MS));
      return Array.from({ length: MINUTES }, (_, minute) =>
        sum(newest - (MINUTES - minute) * SLOTS_A_MINUTE + 1),
      );
    },
  };
}

const MOST_POINTS = 288;
const FIRST_STEP_MS = 5000;

interface CurvePoint {
  readonly atMs: number;
  readonly calls: number;
  readonly loop: number;
}

/** Two totals over time. */
export interface Curves {
  /** The totals as they are now. */
  note(atMs: number, totals: { readonly calls: number; readonly loop: number }): void;
  points(): readonly CurvePoint[];
}

/**
 * At most 288 evenly spaced points: five seconds apart at first; each time that they are full, every second one goes, and
 * the step is twice as long. So the first minutes have a shape, and so has a day: five minutes and more.
 */
export function createCurves(): Curves {
  let points: CurvePoint[] = [];
  let stepMs = FIRST_STEP_MS;

  return {
    note(atMs, { calls, loop }) {
      const at = Math.floor(atMs / stepMs) * stepMs;
      const last = points.at(-1);
      const point = { atMs: at, calls, loop };
      if (last && last.atMs >= at) {
        points[points.length - 1] = { ...point, atMs: last.atMs };
        return;
      }
      // Nothing happened in between: the totals stayed as they were.
      for (let gap = (last?.atMs ?? at) + stepMs; last && gap < at; gap += stepMs)
        points.push({ ...last, atMs: gap });
      points.push(point);
      while (points.length > MOST_POINTS) {
        stepMs *= 2;
        const step = stepMs;
        // The newest of each pair: totals only grow.
        points = points.filter((each, index) => {
          const next = points[index + 1];
          return next === undefined || Math.floor(next.atMs / step) !== Math.floor(each.atMs / step);
        });
        points = points.map((each) => ({ ...each, atMs: Math.floor(each.atMs / step) * step }));
      }
    },
    points: () => points,
  };
}
