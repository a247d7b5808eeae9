import type { Random } from '../../../lib/local/simulator/random.ts';
import { toMessageNames } from '../oracle/bodies.ts';
import type { Part } from './recorder.ts';

/** Crisp's own truth: what there is, and how it changes. */
export interface CrispStore {
  find(sessionKey: string): Conversation | undefined;
  /** In the order in which they were created; those that were removed are among them. */
  readonly conversations: readonly Conversation[];
  /** With so many messages already in it, a minute apart. */
  create(ids: { websiteId: string; sessionId: string }, messages?: number): Conversation;
  /** Adds a message and returns it. */
  say(conversation: Conversation, message: Readonly<Record<string, unknown>>): CrispMessage;
  /** Puts so many older messages before those that there are, a second apart. */
  lengthen(conversation: Conversation, messages: number): void;
  /** Puts so many pairs of older messages before those that there are, as imports have them: of one fingerprint each. */
  repeat(conversation: Conversation, pairs: number): void;
  edit(conversation: Conversation, message: CrispMessage, content: string): void;
  withdraw(conversation: Conversation, message: CrispMessage): void;
  /** Changes fields of the conversation object; what stands in `meta` is merged. */
  set(conversation: Conversation, fields: Readonly<Record<string, unknown>>): void;
  remove(conversation: Conversation): void;
}

export function createCrispStore({ clock, random, recorder }: Part): CrispStore {
  const conversations: Conversation[] = [];
  const byKey = new Map<string, Conversation>();
  let fingerprints = 179_085_600_000_000;

  function enter(
    conversation: Conversation,
    messages: readonly CrispMessage[],
    fields: Readonly<Record<string, unknown>> | null,
  ): void {
    conversation.states.push({ sinceMs: clock.nowMs(), fields, messages });
    tell(conversation);
  }

  function tell(conversation: Conversation): void {
    const { fields, messages } = currentState(conversation);
    recorder.note({
      type: 'crisp-changed',
      sessionKey: conversation.key,
      fingerprints: fields && messages.map(({ fingerprint }) => fingerprint),
      names: fields ? toMessageNames(messages) : [],
    });
  }

  function change(conversation: Conversation, messages: readonly CrispMessage[], changed = {}): void {
    const { fields } = currentState(conversation);
    if (!fields) return;
    const newest = messages.at(-1);
    enter(conversation, messages, {
      ...fields,
      updated_at: clock.nowMs(),
      ...(newest && {
        last_message: CANARIES.said,
        preview_message: {
          type: newest.type,
          from: newest.from,
          excerpt: CANARIES.said,
          fingerprint: newest.fingerprint,
        },
      }),
      ...changed,
    });
  }

  function toMessage(
    { sessionId, websiteId }: Conversation,
    said: Readonly<Record<string, unknown>>,
  ): CrispMessage {
    fingerprints += random.integer(1, 999);
    return {
      session_id: sessionId,
      website_id: websiteId,
      type: 'text',
      from: 'user',
      origin: 'chat',
      content: `${CANARIES.said} ${fingerprints}`,
      timestamp: clock.nowMs(),
      stamped: true,
      read: '',
      delivered: '',
      user: { user_id: sessionId, nickname: CANARIES.nickname },
      ...said,
      fingerprint: fingerprints,
    };
  }

  return {
    conversations,
    find: (key) => byKey.get(key),
    create(ids, messages = 0) {
      const conversation = inventConversation(ids, { random, nowMs: clock.nowMs() });
      conversations.push(conversation);
      byKey.set(conversation.key, conversation);
      const said = Array.from({ length: messages }, (_, place) =>
        toMessage(conversation, { timestamp: clock.nowMs() - (messages - place) * 60_000 }),
      );
      if (messages === 0) tell(conversation);
      else change(conversation, said);
      return conversation;
    },
    say(conversation, said) {
      const message = toMessage(conversation, said);
      change(conversation, [...currentState(conversation).messages, message]);
      return message;
    },
    lengthen(conversation, count) {
      const { messages } = currentState(conversation);
      const oldestMs = messages[0]?.timestamp ?? clock.nowMs();
      const older = Array.from({ length: count }, (_, place) =>
        toMessage(conversation, { timestamp: oldestMs - (count - place) * 1000 }),
      );
      change(conversation, [...older, ...messages]);
    },
    repeat(conversation, pairs) {
      const { messages } = currentState(conversation);
      const oldestMs = messages[0]?.timestamp ?? clock.nowMs();
      const older = Array.from({ length: pairs }, (_, place) => {
        const timestamp = oldestMs - (pairs - place) * 1000;
        const one = toMessage(conversation, { from: 'operator', timestamp });
        return [one, { ...one, content: `${CANARIES.said} again`, ...random.pick(TWINS)(timestamp) }];
      });
      change(conversation, [...older.flat(), ...messages]);
    },
    edit(conversation, edited, content) {
      const { messages } = currentState(conversation);
      change(
        conversation,
        messages.map((message) => (message === edited ? { ...message, content, edited: true } : message)),
      );
    },
    withdraw(conversation, withdrawn) {
      const { messages } = currentState(conversation);
      change(
        conversation,
        messages.filter((message) => message !== withdrawn),
      );
    },
    set(conversation, { meta, ...fields }) {
      const { fields: old, messages } = currentState(conversation);
      change(conversation, messages, {
        ...fields,
        ...(typeof meta === 'object' && { meta: { ...Object(old?.meta), ...meta } }),
      });
    },
    remove: (conversation) => enter(conversation, [], null),
  };
}

/** How a message differs from another of its fingerprint; the last one not at all, but in what it says. */
const TWINS: readonly ((timestamp: number) => Readonly<Record<string, unknown>> & { timestamp: number })[] = [
  (timestamp) => ({ type: 'note', timestamp }),
  (timestamp) => ({ from: 'user', timestamp }),
  (timestamp) => ({ timestamp: timestamp + 1 }),
  (timestamp) => ({ timestamp }),
];

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
function inventConversation(
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
