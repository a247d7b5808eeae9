import * as z from 'zod';
import { type CrispMessage, MESSAGE_TYPES, type MessageContent } from '../model/message.ts';
import { type Control, SessionBody, toControl, toSession, toWebsite } from './control.ts';

const text = z.string().exactOptional();
const From = z.enum(['user', 'operator']).exactOptional();
const State = z.enum(['pending', 'unresolved', 'resolved']);
// Contents differ by type, and a test may want a wrong one: any object or string goes through.
const Content = z.custom<MessageContent>(
  (value) => typeof value === 'string' || z.looseObject({}).safeParse(value).success,
);

const StartBody = z.strictObject({
  website_id: text,
  session_id: text,
  nickname: text,
  email: text,
  anonymous: z.boolean().exactOptional(),
  state: State.exactOptional(),
});

const SendBody = SessionBody.extend({
  from: From,
  type: z.enum(MESSAGE_TYPES).exactOptional(),
  content: Content.exactOptional(),
  timestamp: z.int().exactOptional(),
  count: z.int().min(1).max(10_000).default(1),
});

const SeedBody = z.strictObject({
  website_id: text,
  conversations: z.int().min(1),
  messages: z.int().min(0),
  types: z.enum(['all', 'text']).exactOptional(),
  equal_timestamps_every: z.int().min(0).default(0),
});

const FingerprintBody = SessionBody.extend({ fingerprint: z.int() });
const EditBody = FingerprintBody.extend({ content: Content });
const StateBody = SessionBody.extend({ state: State });
const AcknowledgeBody = SessionBody.extend({
  kind: z.enum(['read', 'unread', 'delivered', 'ignored']),
  from: From,
});

export const CONVERSATION_CONTROLS: readonly Control[] = [
  toControl(
    'start-conversation',
    '{ website_id?, session_id?, nickname?, email?, anonymous?, state? }: a visitor arrives',
    StartBody,
    (simulator, { website_id, session_id, anonymous = false, ...rest }) => {
      const websiteId = toWebsite(simulator, website_id);
      const sessionId = session_id === undefined ? {} : { sessionId: session_id };
      const started = simulator.startConversation({
        ...rest,
        ...sessionId,
        websiteId,
        isAnonymous: anonymous,
      });
      return { website_id: started.websiteId, session_id: started.sessionId };
    },
  ),
  toControl(
    'send-message',
    '{ session_id, website_id?, from?, type?, content?, timestamp?, count? }: the visitor or an operator writes',
    SendBody,
    (simulator, { session_id, website_id, count, ...message }) => {
      const session = toSession(simulator, {
        session_id,
        ...(website_id === undefined ? {} : { website_id }),
      });
      const sent = Array.from({ length: count }, (): CrispMessage => simulator.sendMessage(session, message));
      return { fingerprints: sent.map(({ fingerprint }) => fingerprint) };
    },
  ),
  toControl(
    'edit-message',
    '{ session_id, fingerprint, content }: a message is edited',
    EditBody,
    (simulator, { fingerprint, content, ...session }) => {
      simulator.editMessage(toSession(simulator, session), fingerprint, content);
      return undefined;
    },
  ),
  toControl(
    'remove-message',
    '{ session_id, fingerprint }: a message is deleted',
    FingerprintBody,
    (simulator, { fingerprint, ...session }) => {
      simulator.removeMessage(toSession(simulator, session), fingerprint);
      return undefined;
    },
  ),
  toControl(
    'acknowledge',
    '{ session_id, kind: read | unread | delivered | ignored, from? }: messages are read, …',
    AcknowledgeBody,
    (simulator, { kind, from = 'user', ...session }) => {
      simulator.acknowledge(toSession(simulator, session), { kind, from });
      return undefined;
    },
  ),
  toControl(
    'set-state',
    '{ session_id, state: pending | unresolved | resolved }: resolved, reopened, parked',
    StateBody,
    (simulator, { state, ...session }) => {
      simulator.setState(toSession(simulator, session), state);
      return undefined;
    },
  ),
  toControl(
    'remove-conversation',
    '{ session_id }: a conversation is deleted',
    SessionBody,
    (simulator, session) => {
      simulator.removeConversation(toSession(simulator, session));
      return undefined;
    },
  ),
  toControl(
    'seed-conversations',
    '{ conversations, messages, types?, equal_timestamps_every?, website_id? }: older conversations, without hooks',
    SeedBody,
    (simulator, { website_id, equal_timestamps_every: equalTimestampsEvery, ...input }) => {
      const websiteId = toWebsite(simulator, website_id);
      const seeded = simulator.seedConversations({ ...input, equalTimestampsEvery, websiteId });
      return { website_id: websiteId, session_ids: seeded.map(({ sessionId }) => sessionId) };
    },
  ),
];
