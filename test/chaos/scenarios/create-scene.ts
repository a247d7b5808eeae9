import type { Conversation } from '../world/crisp/conversation.ts';
import type { CrispTrouble } from '../world/crisp/crisp-call.ts';
import type { WorldSettings } from '../world/settings.ts';
import { createWorld, type World } from '../world/world.ts';

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

export interface StruckCall {
  readonly route: string;
  readonly sessionKey: string | undefined;
}

export interface CrispFailure {
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
}: {
  conversations: number;
  startMs?: number;
}): Scene {
  const world = createWorld({ ...SETTINGS, startMs });
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

const SETTINGS: Omit<WorldSettings, 'startMs'> = {
  seed: 4,
  coalesceSeconds: 60,
  marginSeconds: 10,
  include: 'profile',
  inlineLimitBytes: 204_800,
  maxPages: 600,
  crisp: { pageSize: 50, isInclusive: false, says206: true },
  hooks: { mode: 'plugin', timestampUnit: 'ms', isBase64: false, resigns: true },
  websiteIds: [WEBSITE_ID],
};
