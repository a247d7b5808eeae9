import type { SessionRef } from '../../lib/ids.ts';
import { createSimulator, type Simulator } from '../../lib/local/simulator/simulator.ts';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createBareClient } from './bare-client.ts';
import { createOfficialClient } from './official-client.ts';
import type { ChatEvent } from './trace.ts';

interface AnchorOptions {
  readonly history: number;
  readonly dailyQuota?: number;
}

interface AnchorFigures {
  readonly calls: number;
  /** Chats whose last fetch found all that it asked for. */
  readonly complete: number;
}

/** What the official client in a loop costs that fetches a conversation on every event. */
export async function playEveryEvent(
  trace: readonly ChatEvent[],
  options: AnchorOptions,
): Promise<AnchorFigures> {
  return play(options, async ({ apply, fetchWith }, simulator, url) => {
    const client = createOfficialClient(url, simulator.account);
    for (const event of trace) {
      await apply(event);
      if (!(await fetchWith(client.fetch, event.chat, event.kind === 'resolve'))) return;
    }
  });
}

const BUCKET_MS = 60_000;

/** What one full fetch after each bucket of 60 s with events costs. */
export async function playBuckets(
  trace: readonly ChatEvent[],
  options: AnchorOptions,
): Promise<AnchorFigures> {
  return play(options, async ({ apply, fetchWith }, simulator, url) => {
    const client = createBareClient(url, simulator.account);
    const buckets = Map.groupBy(trace, ({ atMs }) => Math.floor(atMs / BUCKET_MS));
    for (const events of buckets.values()) {
      const isLast = new Set(events.filter(({ kind }) => kind === 'resolve').map(({ chat }) => chat));
      for (const event of events) await apply(event);
      for (const chat of new Set(events.map((event) => event.chat))) {
        if (!(await fetchWith(client.fetch, chat, isLast.has(chat)))) return client.close();
      }
    }
    await client.close();
  });
}

interface Chats {
  apply(event: ChatEvent): Promise<void>;
  /** False once Crisp refuses. */
  fetchWith(fetch: (session: SessionRef) => Promise<void>, chat: number, isLast: boolean): Promise<boolean>;
}

/** Counts what a simulated Crisp is asked for while `follow` replays chats in it. */
async function play(
  { history, dailyQuota = 0 }: AnchorOptions,
  follow: (chats: Chats, simulator: Simulator, url: string) => Promise<void>,
): Promise<AnchorFigures> {
  const clock = createVirtualClock();
  const startMs = clock.nowMs();
  const simulator = createSimulator({ clock, limits: { dailyQuota } });
  const server = await simulator.listen();
  const sessions = new Map<number, SessionRef>();
  let complete = 0;

  const chats: Chats = {
    async apply({ atMs, chat, kind }) {
      await clock.advance(startMs + atMs - clock.nowMs());
      const session = sessions.get(chat) ?? begin(simulator, chat, history);
      sessions.set(chat, session);
      if (kind === 'message') simulator.sendMessage(session, { type: 'text' });
      else
        simulator.setState(
          session,
          kind === 'resolve' ? 'resolved' : chat % 2 === 0 ? 'pending' : 'unresolved',
        );
    },
    async fetchWith(fetch, chat, isLast) {
      const session = sessions.get(chat);
      if (session === undefined) throw new Error(`chat ${chat} has not begun`);
      try {
        await fetch(session);
      } catch {
        return false;
      }
      if (isLast) complete += 1;
      return true;
    },
  };
  try {
    await follow(chats, simulator, server.url);
    return { calls: simulator.counters.snapshot().requests.total, complete };
  } finally {
    await server.stop();
    await simulator.stop();
  }
}

function begin(simulator: Simulator, chat: number, history: number): SessionRef {
  const session = simulator.startConversation({ email: `visitor-${chat}@example.com` });
  // A minute apart, before anything that happens in the trace.
  for (let place = history; place > 0; place -= 1)
    simulator.sendMessage(session, { type: 'text', timestamp: Date.UTC(2026, 8, 1) - place * 60_000 });
  return session;
}
