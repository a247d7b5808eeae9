import type { Random } from '../../../lib/local/simulator/random.ts';
import { type Conversation, currentState } from '../world/crisp/conversation.ts';
import type { World } from '../world/world.ts';
import { type CrispAction, edit, murmur, remove, say, setMeta, setState, withdraw } from './crisp-actions.ts';
import { bother } from './strangers.ts';

export interface Workload {
  /** When the last thing is done. */
  readonly endMs: number;
}

/** Plans a run's traffic and lets the clock play it: a few websites, sessions that are quiet or busy, and strangers. */
export function playWorkload(world: World, random: Random): Workload {
  const { clock } = world;
  const startMs = clock.nowMs();
  const lengthMs = random.integer(4, 30) * 60_000;
  const cast = createCast(world, random);

  const moments = drawMoments(random, lengthMs);
  for (const atMs of moments) {
    const session = random.integer(0, cast.length - 1);
    const action = drawAction(random);
    clock.schedule(startMs + atMs, () => act(world, { cast, session, action }, random));
  }
  bother(world, { startMs, lengthMs }, random);
  return { endMs: startMs + lengthMs };
}

/** Who is there: some talk for long already, others begin when they first say something. */
type Cast = (Conversation | { readonly websiteId: string; readonly sessionId: string })[];

function createCast({ settings, crisp }: World, random: Random): Cast {
  return Array.from({ length: random.integer(3, 10) }, () => {
    const websiteId = random.pick(settings.websiteIds);
    const sessionId = `session_${random.chance(0.8) ? random.uuid() : random.hex(6)}`;
    const isOld = random.chance(0.6);
    const messages = random.chance(0.2) ? random.integer(20, 90) : random.integer(0, 12);
    return isOld ? crisp.store.create({ websiteId, sessionId }, messages) : { websiteId, sessionId };
  });
}

/** Some at any time, some in bursts: that is what coalescing is for. */
function drawMoments(random: Random, lengthMs: number): number[] {
  const count = random.integer(10, 60);
  const moments: number[] = [];
  while (moments.length < count) {
    const atMs = random.integer(0, lengthMs);
    const burst = random.chance(0.25) ? random.integer(2, 8) : 1;
    for (let each = 0; each < burst; each += 1) moments.push(atMs + random.integer(0, each * 4000));
  }
  return moments;
}

function drawAction(random: Random): CrispAction {
  const drawn = random.next() * TOTAL_WEIGHT;
  let sum = 0;
  const found = WEIGHTS.find(([, weight]) => {
    sum += weight;
    return drawn < sum;
  });
  return found?.[0] ?? say;
}

const WEIGHTS: readonly (readonly [CrispAction, number])[] = [
  [say, 55],
  [edit, 8],
  [withdraw, 6],
  [setState, 10],
  [setMeta, 10],
  [remove, 3],
  [murmur, 8],
];
const TOTAL_WEIGHT = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

function act(
  world: World,
  { cast, session, action }: { cast: Cast; session: number; action: CrispAction },
  random: Random,
): void {
  const member = cast[session];
  if (!member) return;
  const conversation = 'states' in member ? member : world.crisp.store.create(member);
  cast[session] = conversation;
  // Nobody talks in a conversation that is gone.
  if (currentState(conversation).fields) action(world, conversation, random);
}
