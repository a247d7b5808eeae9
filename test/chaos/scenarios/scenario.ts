import type { Violation } from '../oracle/history.ts';
import { judge } from '../oracle/judge.ts';
import type { Conversation } from '../world/crisp-store.ts';
import type { CrispTrouble } from '../world/fake-crisp.ts';
import { toTerms } from '../world/settings.ts';
import { aWorld } from '../world/support.ts';
import type { World } from '../world/world.ts';

/** A long trouble, played through in virtual time. */
export interface Scenario {
  readonly name: string;
  run(): Promise<ScenarioReport>;
}

/** What it cost, and whether every promise was kept. */
export interface ScenarioReport {
  readonly accepted: number;
  readonly records: number;
  readonly deadLetters: number;
  /** The longest time from the first receive of a message to its death; undefined where none died. */
  readonly deadAfterMs: number | undefined;
  /** Of one message. */
  readonly mostReceives: number;
  /** To Crisp, by the consumer and the probe, from the first failure until Crisp was well again. */
  readonly callsWhileDown: number;
  readonly downMs: number;
  /** From then until the last message was done. */
  readonly drainMs: number;
  /** Codes for which the breaker opened. */
  readonly openedFor: readonly string[];
  readonly violations: readonly Violation[];
}

/** The trouble itself: from when until when, epoch ms. */
interface Trouble {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the one that it is about, where it is about one: its calls alone are counted. */
  readonly sessionKey?: string;
}

/** Waits until nothing is left to do, and adds up. Throws where that takes longer than a day: something is stuck. */
export async function finish(scene: Scene, trouble: Trouble): Promise<ScenarioReport> {
  const { world } = scene;
  if (!(await world.settle(24 * HOUR_MS))) throw new Error('the queue was not drained within a day');
  const { violations, figures } = judge(world.history, toTerms(world.settings));
  world.end();
  const { accepted, records, deadLetters, mostReceives } = figures;
  const last = world.history.findLast(({ type }) => type === 'message-deleted');
  return {
    ...{ accepted, records, deadLetters, mostReceives },
    deadAfterMs: readDeadAfter(scene),
    callsWhileDown: countCalls(scene, trouble),
    downMs: trouble.untilMs - trouble.fromMs,
    drainMs: Math.max(0, (last?.atMs ?? 0) - trouble.untilMs),
    openedFor: readOpenings(scene),
    violations,
  };
}

function countCalls({ world: { history } }: Scene, { fromMs, untilMs, sessionKey }: Trouble): number {
  return history.filter(
    (event) =>
      event.type === 'crisp-answered' &&
      event.atMs >= fromMs &&
      event.atMs < untilMs &&
      (sessionKey === undefined || event.sessionKey === sessionKey),
  ).length;
}

function readDeadAfter({ world: { history } }: Scene): number | undefined {
  const firstMs = new Map<string, number>();
  let longestMs: number | undefined;
  for (const event of history) {
    if (event.type === 'message-received' && !firstMs.has(event.messageId))
      firstMs.set(event.messageId, event.atMs);
    if (event.type === 'message-dead-lettered')
      longestMs = Math.max(longestMs ?? 0, event.atMs - (firstMs.get(event.messageId) ?? event.atMs));
  }
  return longestMs;
}

function readOpenings({ world: { history } }: Scene): string[] {
  const opened = history.flatMap((event) =>
    event.type === 'line-written' && event.text.includes('"breaker-opened"') ? [JSON.parse(event.text)] : [],
  );
  return [...new Set(opened.map(({ code }) => String(code)))];
}

/** A world with conversations in it, where nothing goes wrong unless a scenario says so. */
export interface Scene {
  readonly world: World;
  readonly conversations: readonly Conversation[];
  /** A visitor writes, and Crisp tells us. */
  say(conversation: Conversation): void;
  /** Lets time pass; every `everyMs` somebody writes, one conversation after the other. */
  goOn(forMs: number, everyMs: number): Promise<void>;
  /** From now on Crisp answers so, where the call is one of those; the function that is returned ends it. */
  breakCrisp(isStruck: (call: StruckCall) => boolean, failure: CrispFailure): () => void;
}

interface StruckCall {
  readonly route: string;
  readonly sessionKey: string | undefined;
}

interface CrispFailure {
  /** Of the fault catalogue. */
  readonly fault: string;
  readonly status: number;
  readonly reason: string;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** `startMs`: six in the evening, UTC, by default, so that midnight is six hours away. */
export function createScene({
  conversations: count,
  startMs = EVENING_MS,
  dailyQuota,
}: {
  conversations: number;
  startMs?: number;
  dailyQuota?: number;
}): Scene {
  const habits = { pageSize: 50, isInclusive: false, says206: true };
  const world = aWorld({ seed: 4, maxPages: 600, crisp: habits, startMs, dailyQuota });
  const { clock, crisp, hooks } = world;
  const conversations = Array.from({ length: count }, (_, place) =>
    crisp.store.create({ websiteId: WEBSITE_ID, sessionId: `session_${String(place).padStart(8, '0')}` }),
  );
  let turn = 0;

  function say(conversation: Conversation): void {
    const { websiteId, sessionId } = conversation;
    const { fingerprint, content } = crisp.store.say(conversation, {});
    hooks.send({ name: 'message:send', websiteId, sessionId, data: { content, fingerprint }, fingerprint });
  }

  return {
    world,
    conversations,
    say,
    async goOn(forMs, everyMs) {
      const endMs = clock.nowMs() + forMs;
      while (clock.nowMs() < endMs) {
        const conversation = conversations[turn % conversations.length];
        turn += 1;
        if (conversation) say(conversation);
        await world.advance(Math.min(everyMs, endMs - clock.nowMs()));
      }
    },
    breakCrisp: (isStruck, failure) =>
      crisp.disturbances.add(({ question: { route }, sessionKey }) =>
        isStruck({ route, sessionKey }) ? toTrouble(failure) : undefined,
      ),
  };
}

function toTrouble({ fault, status, reason }: CrispFailure): CrispTrouble {
  const body = JSON.stringify({ error: true, reason, data: {} });
  return { fault, kind: 'answer', answer: () => ({ status, body }) };
}

const EVENING_MS = Date.UTC(2026, 9, 1, 18);
const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
