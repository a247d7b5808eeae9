import type { Random } from '../simulator/random.ts';
import type { Scene } from './scene.ts';
import { SCENES } from './scenes.ts';

/** A scene and when it begins, in milliseconds after the day did. */
export interface PlannedScene {
  readonly startMs: number;
  readonly scene: Scene;
  /** Crisp refuses this conversation's messages for a while: its job ends in the DLQ, and a redrive mends it. */
  readonly failsAtFirst: boolean;
}

/** A stretch of demo, ready to be played. */
export interface Plan {
  readonly durationMs: number;
  readonly scenes: readonly PlannedScene[];
}

const HOUR_MS = 20_000;
// How many conversations begin in each hour from nine to six; the rush is at one.
const BUSYNESS = [1, 2, 3, 2, 8, 4, 2, 2, 1];
const FAILING_HOUR = 2;

/** A support day in three minutes: a quiet morning, a rush hour, one conversation that fails. */
export function planDay(random: Random): Plan {
  const scenes = BUSYNESS.flatMap((count, hour) =>
    Array.from({ length: count }, (_, index) => ({
      startMs: toStart(hour, index, random.integer(0, HOUR_MS - 1)),
      scene: random.pick(SCENES),
      failsAtFirst: hour === FAILING_HOUR && index === 0,
    })),
  );
  return { durationMs: BUSYNESS.length * HOUR_MS, scenes };
}

/** The first visitor is there when the shop opens: whoever watches should not wait for a record. */
function toStart(hour: number, index: number, minutesMs: number): number {
  return hour === 0 && index === 0 ? 0 : hour * HOUR_MS + minutesMs;
}

const SHOW_SPREAD_MS = 3000;

/** Every scene once, within about ten seconds: for a demonstration that ends. */
export function planShow(random: Random): Plan {
  const scenes = random.shuffle(SCENES).map((scene, index) => ({
    startMs: Math.round((index * SHOW_SPREAD_MS) / SCENES.length),
    scene,
    failsAtFirst: false,
  }));
  const ends = scenes.map(({ startMs, scene }) => startMs + (scene.lines.at(-1)?.at ?? 0));
  return { durationMs: Math.max(...ends), scenes };
}
