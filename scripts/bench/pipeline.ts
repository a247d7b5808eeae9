import { type Conversation, currentState } from '../../test/chaos/world/crisp-store.ts';
import { toReply } from '../../test/chaos/world/fake-crisp.ts';
import { createWorld, type World } from '../../test/chaos/world/world.ts';
import type { ChatEvent } from './trace.ts';

interface PlayOptions {
  /** How many messages each chat has before it begins. */
  readonly history: number;
  /** Requests that Crisp answers; the rest is refused with 423. */
  readonly dailyQuota?: number;
}

/** What a trace cost, as the fake servers counted it. */
export interface Played {
  /** Requests that Crisp answered. */
  readonly calls: number;
  /** Requests that it refused because the quota was spent, without the probe's. */
  readonly refused: number;
  /** Chats of which a record with the last event was announced. */
  readonly complete: number;
  /** From each chat's last event to the record that has it, ms. */
  readonly delaysMs: readonly number[];
  /** Requests to AWS, by `service:Action`. */
  readonly aws: ReadonlyMap<string, number>;
  /** Runs of the consumer by how they ended, and what the requests to AWS were that each kind took. */
  readonly outcomes: ReadonlyMap<string, number>;
}

const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
const START_MS = Date.UTC(2026, 9, 1, 8);
const END_OF_DAY_MS = Date.UTC(2026, 9, 2);

/** Plays a trace through the webhook and the consumer as they are deployed, with Crisp, AWS and the clock simulated. */
export async function playPipeline(trace: readonly ChatEvent[], options: PlayOptions): Promise<Played> {
  const world = createWorld({
    seed: 1,
    startMs: START_MS,
    coalesceSeconds: 60,
    marginSeconds: 10,
    include: 'profile',
    inlineLimitBytes: 204_800,
    maxPages: 600,
    crisp: { pageSize: 20, isInclusive: false, says206: true },
    hooks: { mode: 'plugin', timestampUnit: 'ms', isBase64: false, resigns: true },
    websiteIds: [WEBSITE_ID],
  });
  const aws = countAws(world);
  const spent = limitCrisp(world, options.dailyQuota);
  const resolvedMs = play(world, trace, options.history);

  if (options.dailyQuota === undefined) {
    await world.advance((trace.at(-1)?.atMs ?? 0) + 1);
    await world.settle(60 * 60_000);
  } else {
    await world.advance(END_OF_DAY_MS - START_MS - 1);
  }
  world.end();
  return { ...toFigures(world, resolvedMs), refused: spent.refused, aws };
}

function play(world: World, trace: readonly ChatEvent[], history: number): Map<string, number> {
  const chats = new Map<number, Conversation>();
  const resolvedMs = new Map<string, number>();
  for (const { atMs, chat, kind } of trace) {
    world.clock.schedule(START_MS + atMs, () => {
      const conversation = chats.get(chat) ?? begin(world, history);
      chats.set(chat, conversation);
      if (kind === 'message') return say(world, conversation);
      if (kind === 'edit') return tell(world, conversation, 'message:updated', {});
      if (kind === 'nothing') return tell(world, conversation, 'message:received', {});
      const state = kind === 'resolve' ? 'resolved' : world.random.pick(['pending', 'unresolved']);
      if (kind === 'resolve') resolvedMs.set(conversation.sessionId, START_MS + atMs);
      world.crisp.store.set(conversation, { state });
      tell(world, conversation, 'session:set_state', { state });
    });
  }
  return resolvedMs;
}

/** A chat of somebody who has a profile. */
function begin(world: World, history: number): Conversation {
  const sessionId = `session_${world.random.uuid()}`;
  const conversation = world.crisp.store.create({ websiteId: WEBSITE_ID, sessionId }, history);
  world.crisp.store.set(conversation, { people_id: world.random.uuid() });
  return conversation;
}

function say(world: World, conversation: Conversation): void {
  const isVisitor = currentState(conversation).messages.length % 2 === 0;
  const message = world.crisp.store.say(conversation, { from: isVisitor ? 'user' : 'operator' });
  tell(world, conversation, isVisitor ? 'message:send' : 'message:received', message);
}

function tell(
  { hooks }: World,
  { websiteId, sessionId }: Conversation,
  name: string,
  data: Readonly<Record<string, unknown>>,
): void {
  hooks.send({ name, websiteId, sessionId, data });
}

function countAws(world: World): Map<string, number> {
  const counts = new Map<string, number>();
  world.aws.add(({ service, action, instance }) => {
    const key = `${instance.role} ${service}:${action}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return undefined;
  });
  return counts;
}

function limitCrisp(world: World, dailyQuota = Number.POSITIVE_INFINITY): { refused: number } {
  const spent = { answered: 0, refused: 0 };
  world.crisp.disturbances.add(({ instance }) => {
    if (spent.answered < dailyQuota) {
      spent.answered += 1;
      return undefined;
    }
    if (instance.role === 'consumer') spent.refused += 1;
    const answer = () => toReply({ status: 423, reason: 'quota_limit_exceeded', data: {} });
    return { fault: 'quota', kind: 'answer', answer };
  });
  return spent;
}

function toFigures({ history }: World, resolvedMs: ReadonlyMap<string, number>) {
  const delays = new Map<string, number>();
  const outcomes = new Map<string, number>();
  let calls = 0;
  for (const event of history) {
    if (event.type === 'crisp-answered' && (event.status === 200 || event.status === 206)) calls += 1;
    if (event.type === 'line-written') {
      const { name } = JSON.parse(event.text);
      outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    }
    if (event.type !== 'notice-published') continue;
    const { session_id, state } = JSON.parse(event.body);
    const endMs = resolvedMs.get(session_id);
    if (state === 'resolved' && endMs !== undefined && !delays.has(session_id))
      delays.set(session_id, event.atMs - endMs);
  }
  return { calls, complete: delays.size, delaysMs: [...delays.values()], outcomes };
}
