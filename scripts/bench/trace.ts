import type { Random } from '../../lib/local/simulator/random.ts';

/**
 * Something that happens in a chat: a message, or a change of its state. `edit` and `nothing` are hooks without a change,
 * which ask for the whole conversation or for what is new.
 */
export interface ChatEvent {
  readonly atMs: number;
  /** Its number, from 0. */
  readonly chat: number;
  readonly kind: 'message' | 'state' | 'resolve' | 'edit' | 'nothing';
}

const CHAT_MS = 12 * 60_000;
const MESSAGES = 20;
const STATES = 9;
const BURSTS = 8;
const GAP_MS = [500, 6_000] as const;

/**
 * Chats of 30 events in 12 minutes, in the order in which they happen: 20 messages and 10 changes of state in 8 bursts;
 * the last event resolves the chat. They begin evenly over `spreadMs`.
 */
export function drawTrace(
  random: Random,
  { chats, spreadMs }: { chats: number; spreadMs: number },
): ChatEvent[] {
  return Array.from({ length: chats }, (_, chat) =>
    drawMoments(random).map((sinceMs, place): ChatEvent => {
      const atMs = Math.floor((chat / chats) * spreadMs) + sinceMs;
      return {
        atMs,
        chat,
        kind: place < MESSAGES ? 'message' : place < MESSAGES + STATES ? 'state' : 'resolve',
      };
    }),
  )
    .flatMap((events) => shuffleKinds(events, random))
    .sort((a, b) => a.atMs - b.atMs);
}

function drawMoments(random: Random): number[] {
  const starts = Array.from({ length: BURSTS }, () => random.integer(0, CHAT_MS));
  const moments = starts.map((startMs) => ({ startMs, lastMs: startMs }));
  const drawn = [...starts];
  while (drawn.length < MESSAGES + STATES + 1) {
    const burst = random.pick(moments);
    burst.lastMs += random.integer(...GAP_MS);
    drawn.push(burst.lastMs);
  }
  return drawn.sort((a, b) => a - b);
}

/** Every event but the resolve, which is the last, may be of either kind. */
function shuffleKinds(events: readonly ChatEvent[], random: Random): ChatEvent[] {
  const kinds = random.shuffle(events.slice(0, -1).map(({ kind }) => kind));
  return events.map((event, place) => ({ ...event, kind: kinds[place] ?? event.kind }));
}
