import * as z from 'zod';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../ids.ts';
import type { ConversationChangeKind, ConversationChanges } from './changes.ts';
import { MESSAGE_TYPES, type MessageContent } from './model.ts';
import type { Simulator } from './simulator.ts';
import { SimulatorError } from './simulator-error.ts';

/** Something that `POST /_simulator/{name}` does. */
export interface Control {
  readonly name: string;
  /** The body it takes and what it does, for people. */
  readonly about: string;
  /** Checks the body, acts, and returns what the answer says beside `ok`. Throws `ZodError` or `SimulatorError`. */
  act(simulator: Simulator, body: unknown, nowMs: number): object;
}

/** A control whose body is checked by a schema first. */
export function control<Shape extends z.ZodRawShape>(
  name: string,
  about: string,
  shape: Shape,
  act: (simulator: Simulator, body: z.infer<z.ZodObject<Shape>>, nowMs: number) => unknown,
): Control {
  const schema = z.strictObject(shape);
  return {
    ...{ name, about },
    act(simulator, body, nowMs) {
      const shown = act(simulator, schema.parse(body), nowMs);
      return typeof shown === 'object' && shown !== null ? shown : {};
    },
  };
}

export const text = z.string().exactOptional();
export const wholeNumber = z.int().min(0);
const from = z.enum(['user', 'operator']).exactOptional();
const state = z.enum(['pending', 'unresolved', 'resolved']);
const data = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const operator = z.object({ user_id: z.string(), nickname: text });
// Contents differ by type, and a test may want a wrong one: any object or string goes through.
const content = z.custom<MessageContent>(
  (value) => typeof value === 'string' || z.looseObject({}).safeParse(value).success,
);
/** The fields that name a conversation; without `website_id` the first website is meant. */
const session = { session_id: z.string(), website_id: text };
const profile = { people_id: z.string(), website_id: text };

const CHANGES: { readonly [Kind in ConversationChangeKind]: z.ZodType<ConversationChanges[Kind]> } = {
  routing: z.strictObject({ userId: z.string().nullable() }),
  inbox: z.strictObject({ inboxId: z.string().nullable() }),
  participants: z.strictObject({
    participants: z.array(z.strictObject({ type: z.string(), target: z.string() })),
  }),
  mentions: z.strictObject({ mentions: z.array(z.string()) }),
  block: z.strictObject({ isBlocked: z.boolean() }),
  verify: z.strictObject({ isVerified: z.boolean() }),
  topic: z.strictObject({ topic: z.string() }),
  rating: z.strictObject({ stars: z.number(), comment: text }),
  availability: z.strictObject({ availability: z.enum(['online', 'offline']) }),
  opened: z.strictObject({ operator }),
  closed: z.strictObject({ operator }),
  page: z.strictObject({ title: z.string(), url: z.string() }),
  event: z.strictObject({ text: z.string(), color: text, data: data.exactOptional() }),
  compose: z.strictObject({
    from: z.enum(['user', 'operator']),
    type: z.enum(['start', 'stop']),
    excerpt: text,
  }),
};

function changeControl<Kind extends ConversationChangeKind>(kind: Kind): Control {
  const schema = CHANGES[kind];
  const about = `{ session_id, change: { … } }: changes the ${kind} of a conversation`;
  return control(`change-${kind}`, about, { ...session, change: z.unknown() }, (simulator, body) =>
    simulator.changeConversation(toSession(simulator, body), kind, schema.parse(body.change)),
  );
}

/** The website that a body names, or the first. Throws `SimulatorError` where the text is no id. */
export function toWebsite(simulator: Simulator, body: { readonly website_id?: string }): WebsiteId {
  const parsed = body.website_id === undefined ? simulator.websiteId : parseWebsiteId(body.website_id);
  if (parsed === undefined) throw new SimulatorError('unknown_website', 'no website id');
  return parsed;
}

/** The conversation that a body names. Throws `SimulatorError` where the text is no id. */
function toSession(
  simulator: Simulator,
  body: { readonly session_id: string; readonly website_id?: string },
): SessionRef {
  const sessionId = parseSessionId(body.session_id);
  if (sessionId === undefined) throw new SimulatorError('unknown_session', 'no session id');
  return { websiteId: toWebsite(simulator, body), sessionId };
}

/** What happens to conversations and people. */
export const CONVERSATION_CONTROLS: readonly Control[] = [
  control(
    'start-conversation',
    '{ website_id?, session_id?, nickname?, email?, anonymous?, state? }: a visitor arrives',
    {
      ...{ website_id: text, session_id: text, nickname: text, email: text },
      ...{ anonymous: z.boolean().default(false), state: state.exactOptional() },
    },
    (simulator, { website_id, session_id: sessionId, anonymous: isAnonymous, ...rest }) => {
      const websiteId = toWebsite(simulator, website_id === undefined ? {} : { website_id });
      const named = sessionId === undefined ? {} : { sessionId };
      const started = simulator.startConversation({ ...rest, ...named, websiteId, isAnonymous });
      return { website_id: started.websiteId, session_id: started.sessionId };
    },
  ),
  control(
    'send-message',
    '{ session_id, website_id?, from?, type?, content?, timestamp?, count? }: the visitor or an operator writes',
    {
      ...{ ...session, from, type: z.enum(MESSAGE_TYPES).exactOptional(), content: content.exactOptional() },
      ...{ timestamp: z.int().exactOptional(), count: z.int().min(1).max(10_000).default(1) },
    },
    (simulator, { count: times, session_id, website_id, ...message }) => {
      const ref = toSession(simulator, { session_id, ...(website_id === undefined ? {} : { website_id }) });
      const send = () => simulator.sendMessage(ref, message).fingerprint;
      return { fingerprints: Array.from({ length: times }, send) };
    },
  ),
  control(
    'edit-message',
    '{ session_id, fingerprint, content }: a message is edited',
    { ...session, fingerprint: z.int(), content },
    (simulator, body) =>
      void simulator.editMessage(toSession(simulator, body), body.fingerprint, body.content),
  ),
  control(
    'remove-message',
    '{ session_id, fingerprint }: a message is deleted',
    { ...session, fingerprint: z.int() },
    (simulator, body) => simulator.removeMessage(toSession(simulator, body), body.fingerprint),
  ),
  control(
    'acknowledge',
    '{ session_id, kind: read | unread | delivered | ignored, from? }: messages are read, …',
    { ...session, kind: z.enum(['read', 'unread', 'delivered', 'ignored']), from },
    (simulator, body) =>
      simulator.acknowledge(toSession(simulator, body), { kind: body.kind, from: body.from ?? 'user' }),
  ),
  control(
    'set-state',
    '{ session_id, state: pending | unresolved | resolved }: resolved, reopened, parked',
    { ...session, state },
    (simulator, body) => simulator.setState(toSession(simulator, body), body.state),
  ),
  control('remove-conversation', '{ session_id }: a conversation is deleted', session, (simulator, body) =>
    simulator.removeConversation(toSession(simulator, body)),
  ),
  control(
    'seed-conversations',
    '{ conversations, messages, types?, equal_timestamps_every?, website_id? }: older conversations, without hooks',
    {
      ...{ website_id: text, conversations: z.int().min(1), messages: wholeNumber },
      ...{ types: z.enum(['all', 'text']).exactOptional(), equal_timestamps_every: wholeNumber.default(0) },
    },
    (simulator, { website_id, equal_timestamps_every: equalTimestampsEvery, ...input }) => {
      const websiteId = toWebsite(simulator, website_id === undefined ? {} : { website_id });
      const seeded = simulator.seedConversations({ ...input, equalTimestampsEvery, websiteId });
      return { website_id: websiteId, session_ids: seeded.map(({ sessionId }) => sessionId) };
    },
  ),
  control(
    'set-meta',
    '{ session_id, change: { nickname?, email?, phone?, address?, subject?, avatar?, segments?, data? } }: sets the meta',
    {
      ...session,
      change: z.strictObject({
        ...{ nickname: text, email: text, phone: text, address: text, subject: text, avatar: text },
        ...{ segments: z.array(z.string()).exactOptional(), data: data.exactOptional() },
      }),
    },
    (simulator, body) => simulator.setMeta(toSession(simulator, body), body.change),
  ),
  ...(['routing', 'inbox', 'participants', 'mentions', 'block', 'verify', 'topic'] as const).map(
    changeControl,
  ),
  ...(['rating', 'availability', 'opened', 'closed', 'page', 'event', 'compose'] as const).map(changeControl),
  control(
    'change-profile',
    '{ people_id, website_id?, nickname?, notepad?, segments? }: someone edits a person',
    { ...profile, nickname: text, notepad: text, segments: z.array(z.string()).exactOptional() },
    (simulator, { people_id: peopleId, website_id, nickname, ...change }) => {
      const websiteId = toWebsite(simulator, website_id === undefined ? {} : { website_id });
      const person = nickname === undefined ? {} : { person: { nickname } };
      simulator.changeProfile({ websiteId, peopleId }, { ...change, ...person });
    },
  ),
  control(
    'remove-profile',
    '{ people_id, website_id? }: someone deletes a person',
    profile,
    (simulator, body) =>
      simulator.removeProfile({ websiteId: toWebsite(simulator, body), peopleId: body.people_id }),
  ),
];
