import type { Random } from '../../../../lib/local/simulator/random.ts';

/** A message as Crisp keeps it. */
export interface CrispMessage {
  readonly fingerprint: number;
  readonly timestamp: number;
  readonly [field: string]: unknown;
}

/** What a conversation was from a moment on. */
export interface ConversationState {
  readonly sinceMs: number;
  /** Crisp's conversation object; null once it is removed. */
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly messages: readonly CrispMessage[];
}

/** A conversation with all that it ever was: a cache may answer with what was true a while ago. */
export interface Conversation {
  readonly websiteId: string;
  readonly sessionId: string;
  /** `websiteId:sessionId`. */
  readonly key: string;
  readonly peopleId: string | undefined;
  readonly states: ConversationState[];
  /** The fault that made it what it is: answers about it are never quite ordinary. */
  mark: string | undefined;
}

/** Its state at a moment; undefined before it was created. */
export function stateAt({ states }: Conversation, atMs: number): ConversationState | undefined {
  return states.findLast(({ sinceMs }) => sinceMs <= atMs);
}

export function currentState({ states }: Conversation): ConversationState {
  const state = states.at(-1);
  if (!state) throw new Error('a conversation without a state');
  return state;
}

/** A conversation as Crisp makes it, with invented people. */
export function inventConversation(
  { websiteId, sessionId }: { websiteId: string; sessionId: string },
  { random, nowMs }: { random: Random; nowMs: number },
): Conversation {
  const peopleId = random.chance(0.6) ? random.uuid() : undefined;
  const fields = {
    session_id: sessionId,
    website_id: websiteId,
    inbox_id: random.chance(0.3) ? random.uuid() : null,
    ...(peopleId !== undefined && { people_id: peopleId }),
    state: 'unresolved',
    status: 1,
    is_verified: random.chance(0.3),
    is_blocked: false,
    availability: 'online',
    active: { now: true, last: nowMs },
    topic: null,
    participants: [],
    mentions: [],
    compose: { operator: {}, visitor: { type: 'start', excerpt: CANARIES.typed } },
    unread: { operator: 1, visitor: 0 },
    assigned: random.chance(0.5) ? { user_id: random.uuid() } : null,
    meta: {
      nickname: CANARIES.nickname,
      email: CANARIES.email,
      phone: CANARIES.phone,
      ip: CANARIES.ip,
      segments: ['chat'],
      data: { plan: 'pro' },
    },
    created_at: nowMs,
    updated_at: nowMs,
  };
  const key = `${websiteId}:${sessionId}`;
  return {
    websiteId,
    sessionId,
    key,
    peopleId,
    states: [{ sinceMs: nowMs, fields, messages: [] }],
    mark: undefined,
  };
}

/** What is said and who says it: may be in records, and nowhere else. */
export const CANARIES = {
  said: 'canary-said-7f3a',
  typed: 'canary-typed-7f3a',
  nickname: 'Ada Canary-7f3a',
  email: 'canary-7f3a@example.com',
  phone: '+1 555 0100 7373',
  ip: '203.0.113.73',
} as const;
