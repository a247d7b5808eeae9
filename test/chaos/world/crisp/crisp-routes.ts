import { type Conversation, type ConversationState, stateAt } from './conversation.ts';
import type { CrispStore } from './crisp-store.ts';

/** A request as it arrives at Crisp. */
export interface CrispQuestion {
  /** Without its ids: `website/conversation/messages`. */
  readonly route: string;
  readonly websiteId: string;
  readonly sessionId: string | undefined;
  readonly before: number | undefined;
  /** Of the people profile that is asked for, or the number of a page. */
  readonly last: string | undefined;
}

/** What Crisp says, before it is written down as HTTP. */
export interface CrispAnswer {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
}

export interface CrispHabits {
  readonly pageSize: number;
  /** Whether `timestamp_before` lets through a message of that very moment. */
  readonly isInclusive: boolean;
  /** False: it answers 200 although older messages exist. */
  readonly says206: boolean;
}

const PATH =
  /^\/v1\/website\/([^/?]+)(?:\/conversation\/([^/?]+)(?:\/(messages|pages|events|relations)(?:\/(\d+))?)?|\/(people\/profile)\/([^/?]+))?(?:\?timestamp_before=(\d+))?$/;

/** Undefined for a path that Crisp does not know. */
export function readQuestion(path: string): CrispQuestion | undefined {
  const [match, websiteId = '', sessionId, part, page, people, peopleId, before] = PATH.exec(path) ?? [];
  if (match === undefined) return undefined;
  const names = ['website', sessionId && 'conversation', part, people];
  return {
    route: names.filter((name) => name !== undefined).join('/'),
    websiteId,
    sessionId,
    before: before === undefined ? undefined : Number(before),
    last: page ?? peopleId,
  };
}

/** What was true at that moment, which for a cache lies in the past. */
export function answerQuestion(
  question: CrispQuestion,
  { store, habits, asOfMs }: { store: CrispStore; habits: CrispHabits; asOfMs: number },
): CrispAnswer {
  const { route, websiteId, sessionId, last } = question;
  if (route === 'website') return resolved({ website_id: websiteId, name: 'Example', domain: 'example.com' });
  if (route === 'website/people/profile') return resolved(toProfile(last));

  const conversation = store.find(`${websiteId}:${sessionId}`);
  const state = conversation && stateAt(conversation, asOfMs);
  if (!conversation || !state?.fields) return { status: 404, reason: 'conversation_not_found', data: {} };
  if (route === 'website/conversation') return resolved(state.fields);
  if (route === 'website/conversation/messages') return listMessages(state, question.before, habits);
  if (route === 'website/conversation/relations')
    return resolved({ conversations: { parent: null, children: [] } });
  return listNumbered(conversation, Number(last));
}

function resolved(data: unknown): CrispAnswer {
  return { status: 200, reason: 'resolved', data };
}

function toProfile(peopleId: string | undefined) {
  return { people_id: peopleId, person: { nickname: 'Ada' }, segments: [], score: 3 };
}

function listMessages(
  { messages }: ConversationState,
  before: number | undefined,
  habits: CrispHabits,
): CrispAnswer {
  const older = messages.filter(({ timestamp }) =>
    before === undefined ? true : habits.isInclusive ? timestamp <= before : timestamp < before,
  );
  const data = older.slice(-habits.pageSize);
  return { status: older.length > data.length && habits.says206 ? 206 : 200, reason: 'listed', data };
}

/** Two pages of visited pages or custom events for some, none for others. */
function listNumbered({ sessionId }: Conversation, page: number): CrispAnswer {
  const pages = sessionId.charCodeAt(8) % 3;
  const data = page <= pages ? [{ text: `entry of page ${page}`, timestamp: page }] : [];
  return { status: page < pages ? 206 : 200, reason: 'listed', data };
}
