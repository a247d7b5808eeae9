import type { CrispObject } from '../../lib/core/crisp/crisp-object.ts';
import type { FetchedConversation } from '../../lib/core/crisp/fetched-conversation.ts';
import { aSession } from './builders.ts';

export const FETCH_STARTED_MS = 1_790_856_070_123;

/** A small conversation as Crisp answers it: a question, its answer, a note; `conversation` adds or replaces fields. */
export function aFetchedConversation({
  conversation = {},
  ...overrides
}: Partial<FetchedConversation> = {}): FetchedConversation {
  const session = aSession();
  const { websiteId, sessionId } = { ...session, ...overrides };
  return {
    ...session,
    startedMs: FETCH_STARTED_MS,
    conversation: { ...aConversation(websiteId, sessionId), ...conversation },
    messages: [
      aCrispMessage(1, { from: 'user', content: 'Is my parcel lost?' }),
      aCrispMessage(2, { from: 'operator', content: 'It is on its way.' }),
      aCrispMessage(3, { from: 'operator', type: 'note', content: 'Called the carrier.' }),
    ],
    profile: { people_id: 'c5a2f70c-f605-4648-b47f-8c39d4b03a50', email: 'ada@example.com', score: 3 },
    messagePages: 1,
    terminatedBy: 'http_200',
    apiCalls: 3,
    ...overrides,
  };
}

/** A text message, sent `number` minutes after the conversation began. */
export function aCrispMessage(number: number, fields: CrispObject = {}): CrispObject {
  return {
    type: 'text',
    from: 'user',
    origin: 'chat',
    content: `message ${number}`,
    read: 'chat',
    delivered: 'chat',
    ignored: {},
    preview: [],
    fingerprint: 179_085_000_000_000 + number,
    timestamp: 1_790_850_000_000 + number * 60_000,
    ...fields,
  };
}

function aConversation(website_id: string, session_id: string): CrispObject {
  return {
    session_id,
    website_id,
    inbox_id: null,
    people_id: 'c5a2f70c-f605-4648-b47f-8c39d4b03a50',
    state: 'unresolved',
    status: 1,
    is_verified: false,
    is_blocked: false,
    availability: 'offline',
    active: { now: false, last: 1_790_855_990_000 },
    last_message: 'It is on its way.',
    preview_message: {
      type: 'text',
      from: 'operator',
      excerpt: 'It is on',
      fingerprint: 179_085_000_000_002,
    },
    topic: 'Parcel delay',
    verifications: [],
    participants: [{ type: 'email', target: 'ops@example.com' }],
    mentions: [],
    compose: { operator: {}, visitor: { type: 'start', excerpt: 'I never sent th' } },
    unread: { operator: 1, visitor: 0 },
    assigned: { user_id: 'a4c32c68-be91-4e29-8a05-976e93abbe3f' },
    meta: {
      nickname: 'Ada',
      email: 'ada@example.com',
      ip: '203.0.113.9',
      avatar: null,
      segments: ['customer'],
      data: { plan: 'pro', seats: 3 },
    },
    created_at: 1_790_850_000_000,
    updated_at: 1_790_856_000_000,
    waiting_since: 1_790_855_900_000,
  };
}
