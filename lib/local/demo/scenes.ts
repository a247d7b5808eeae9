import type { Random } from '../simulator/random.ts';

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
      scene: toScene(hour, index, random.pick(SCENES)),
      failsAtFirst: hour === FAILING_HOUR && index === 0,
    })),
  );
  return { durationMs: BUSYNESS.length * HOUR_MS, scenes };
}

/** The first visitor is there when the shop opens: whoever watches should not wait for a record. */
function toStart(hour: number, index: number, minutesMs: number): number {
  return hour === 0 && index === 0 ? 0 : hour * HOUR_MS + minutesMs;
}

/** The day begins with a burst, because that is what coalescing is for. */
function toScene(hour: number, index: number, drawn: Scene): Scene {
  return hour === 0 && index === 0 ? OPENING_SCENE : drawn;
}

/** One scene after the other, without end: the burst first. */
export function* playableScenes(random: Random): Generator<Scene, never> {
  yield OPENING_SCENE;
  for (;;) yield random.pick(SCENES);
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

const OPENING_SCENE: Scene = {
  title: 'a lost parcel, asked in one breath',
  visitor: 'returning',
  lines: [
    { at: 0, does: 'visitor-writes', text: 'Hello?' },
    { at: 250, does: 'visitor-writes', text: 'Is my parcel lost?' },
    { at: 500, does: 'visitor-writes', text: 'It should have been here on Tuesday.' },
    { at: 800, does: 'visitor-writes', text: 'Order TL-1042.' },
    { at: 2600, does: 'operator-takes-over' },
    { at: 3000, does: 'operator-writes', text: 'Good morning! Let me look that up for you.' },
    { at: 6500, does: 'operator-writes', text: 'It is at the depot and arrives tomorrow before noon.' },
  ],
};

/** A dozen conversations of an invented tea shop, together about sixty events that change something. */
const SCENES: readonly Scene[] = [
  OPENING_SCENE,
  {
    title: 'a broken lid, and an operator who corrects a date',
    visitor: 'new',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'The lid arrived in two pieces 😢' },
      { at: 400, does: 'visitor-sends-photo' },
      { at: 2200, does: 'operator-writes', text: 'I am sorry! A new one leaves on Thursday.' },
      { at: 3000, does: 'operator-edits', text: 'I am sorry! A new one leaves today.' },
      { at: 5200, does: 'operator-notes', text: 'Third broken lid this week: tell the packers.' },
    ],
  },
  {
    title: 'a note that went to the wrong person',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'Can I change the delivery address?' },
      { at: 1500, does: 'operator-writes', text: 'Mira, is this the one from yesterday?' },
      { at: 2300, does: 'operator-retracts' },
      { at: 2900, does: 'operator-writes', text: 'Of course, what is the new address?' },
      { at: 5000, does: 'visitor-writes', text: '12 Example Street, thank you.' },
    ],
  },
  {
    title: 'solved and rated',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'The discount code TEATIME does not work.' },
      { at: 1200, does: 'operator-reads' },
      { at: 1800, does: 'operator-writes', text: 'It starts tomorrow. I have applied it for you already.' },
      { at: 3300, does: 'visitor-writes', text: 'Wonderful!' },
      { at: 4300, does: 'operator-resolves' },
      { at: 6000, does: 'visitor-rates', stars: 5 },
    ],
  },
  {
    title: 'a conversation that its visitor wants deleted',
    visitor: 'new',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'I pasted my order into the wrong shop, please delete this.' },
      { at: 4000, does: 'operator-deletes' },
    ],
  },
  {
    title: 'resolved, then one more thing',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'operator-resolves' },
      { at: 3200, does: 'visitor-writes', text: 'One more thing: can you add a gift card?' },
      { at: 3500, does: 'visitor-writes', text: 'For Ada, please.' },
      { at: 6200, does: 'operator-writes', text: 'Done!' },
    ],
  },
  {
    title: 'a refund by choice',
    visitor: 'new',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'I was charged twice, could you have a look?' },
      { at: 1600, does: 'operator-offers-choice' },
      { at: 3800, does: 'visitor-chooses' },
      { at: 5600, does: 'operator-writes', text: 'It is on its way.' },
    ],
  },
  {
    title: 'in French',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'Bonjour, est-ce que vous livrez au Québec ?' },
      { at: 2000, does: 'operator-writes', text: 'Oui, comptez cinq jours ouvrés. ☕' },
      { at: 3600, does: 'visitor-writes', text: 'Merci !' },
    ],
  },
  {
    title: 'a wholesale customer is tagged',
    visitor: 'new',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'We would like forty blue teapots for our café.' },
      { at: 1500, does: 'operator-tags', segment: 'wholesale' },
      { at: 1800, does: 'operator-takes-over' },
      { at: 2400, does: 'operator-writes', text: 'With pleasure, here is our price list.' },
    ],
  },
  {
    title: 'typing for long, saying little',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-types' },
      { at: 400, does: 'visitor-types' },
      { at: 900, does: 'visitor-writes', text: 'Which of the green teas is the mildest?' },
      { at: 4300, does: 'operator-writes', text: 'The one with the crane on the tin.' },
    ],
  },
  {
    title: 'a slip of the finger, mended at once',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'Do you still have the blue teapto?' },
      { at: 600, does: 'visitor-edits', text: 'Do you still have the blue teapot?' },
      { at: 2100, does: 'operator-writes', text: 'Three left, shall I put one aside?' },
      { at: 4100, does: 'visitor-writes', text: 'Yes please' },
    ],
  },
  {
    title: 'four lines within a second',
    visitor: 'returning',
    lines: [
      { at: 0, does: 'visitor-writes', text: 'It says' },
      { at: 200, does: 'visitor-writes', text: '“out for delivery”' },
      { at: 450, does: 'visitor-writes', text: 'since' },
      { at: 700, does: 'visitor-writes', text: 'yesterday…' },
      { at: 2500, does: 'operator-writes', text: 'The driver had a flat tyre, it comes this afternoon.' },
    ],
  },
];

/** One thing that happens in a conversation, `at` milliseconds after its scene began. */
export type Line = { readonly at: number } & (
  | { readonly does: 'visitor-writes' | 'operator-writes' | 'operator-notes'; readonly text: string }
  /** The newest message of that side is edited. */
  | { readonly does: 'visitor-edits' | 'operator-edits'; readonly text: string }
  /** The newest message of the operator is deleted. */
  | { readonly does: 'operator-retracts' }
  | { readonly does: 'visitor-sends-photo' | 'operator-offers-choice' | 'visitor-chooses' | 'visitor-types' }
  | { readonly does: 'operator-takes-over' | 'operator-reads' | 'operator-resolves' | 'operator-deletes' }
  | { readonly does: 'visitor-rates'; readonly stars: number }
  | { readonly does: 'operator-tags'; readonly segment: string }
);

/** A conversation of the shop's day, from its first to its last line. */
interface Scene {
  readonly title: string;
  /** `new`: the visitor has never been here. `returning`: the conversation has a history. */
  readonly visitor: 'new' | 'returning';
  readonly lines: readonly Line[];
}
