import * as z from 'zod';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../ids.ts';
import { MESSAGE_TYPES, type MessageContent } from './model.ts';
import { ROUTES } from './routes.ts';
import { SimulatorError } from './store.ts';
import type { Workspace } from './workspace.ts';

/** Something that `POST /_simulator/{name}` does. */
export interface Control {
  readonly name: string;
  /** The body it takes and what it does, for people. */
  readonly about: string;
  /** Checks the body, acts, and returns what the answer says beside `ok`. Throws `ZodError` or `SimulatorError`. */
  act(workspace: Workspace, body: unknown, nowMs: number): object;
}

/** A control whose body is checked by a schema first. */
function control<Shape extends z.ZodRawShape>(
  name: string,
  about: string,
  shape: Shape,
  act: (workspace: Workspace, body: z.infer<z.ZodObject<Shape>>, nowMs: number) => unknown,
): Control {
  const schema = z.strictObject(shape);
  return {
    ...{ name, about },
    act(workspace, body, nowMs) {
      const shown = act(workspace, schema.parse(body), nowMs);
      return typeof shown === 'object' && shown !== null ? shown : {};
    },
  };
}

const text = z.string().exactOptional();
const texts = z.array(z.string()).exactOptional();
const flag = z.boolean().exactOptional();
const wholeNumber = z.int().min(0);
const count = z.int().min(1).default(1);
const from = z.enum(['user', 'operator']);
const state = z.enum(['pending', 'unresolved', 'resolved']);
const data = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional();
// Contents differ by type, and a test may want a wrong one: any object or string goes through.
const content = z.custom<MessageContent>(
  (value) => typeof value === 'string' || z.looseObject({}).safeParse(value).success,
);
const headers = z.record(z.string(), z.string()).exactOptional();
const status = z.int().min(200).max(599);
const encoding = z.enum(['utf8', 'base64']).exactOptional();
const effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    status,
    reason: z.string(),
    data: z.unknown().exactOptional(),
    headers,
  }),
  z.strictObject({ kind: z.literal('body'), status, body: z.string(), encoding, headers }),
  z.strictObject({ kind: z.literal('error-flag'), reason: z.string() }),
  z.strictObject({ kind: z.literal('delay'), delayMs: wholeNumber }),
  z.strictObject({ kind: z.literal('trickle'), bytes: z.int().min(1), everyMs: wholeNumber }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('reset'), at: z.enum(['before-headers', 'mid-body']) }),
  z.strictObject({ kind: z.literal('hang') }),
]);
/** The fields that name a conversation or a person; without `website_id` the first website is meant. */
const session = { session_id: z.string(), website_id: text };
const person = { people_id: z.string(), website_id: text };

const CHANGE = z.strictObject({
  ...{ nickname: text, email: text, phone: text, address: text, subject: text, avatar: text, origin: text },
  ...{ segments: texts, data, topic: text, mentions: texts, is_blocked: flag, is_verified: flag },
  ...{ routing_id: z.string().nullable().exactOptional(), inbox_id: z.string().nullable().exactOptional() },
  participants: z.array(z.strictObject({ type: z.string(), target: z.string() })).exactOptional(),
  availability: z.enum(['online', 'offline']).exactOptional(),
  rating: z.strictObject({ stars: z.number(), comment: text }).exactOptional(),
  page: z.strictObject({ page_title: z.string(), page_url: z.string() }).exactOptional(),
  event: z.strictObject({ text: z.string(), color: text, data }).exactOptional(),
  compose: z.strictObject({ from, type: z.enum(['start', 'stop']), excerpt: text }).exactOptional(),
});

/** The website that a body names, or the first. Throws `SimulatorError` where the text is no id. */
function toWebsite(workspace: Workspace, website_id: string | undefined): WebsiteId {
  const parsed = website_id === undefined ? workspace.websiteId : parseWebsiteId(website_id);
  if (parsed === undefined) throw new SimulatorError('unknown_website', 'no website id');
  return parsed;
}

// Enough to see what an id looks like.
const MOST_NAMED = 10;

/** The conversation that a body names. Throws `SimulatorError` where there is none, and names those that are. */
function toSession(
  workspace: Workspace,
  { session_id, website_id }: { session_id: string; website_id?: string | undefined },
): SessionRef {
  const sessionId = parseSessionId(session_id);
  const websiteId = toWebsite(workspace, website_id);
  const ref = sessionId && { websiteId, sessionId };
  if (ref !== undefined && workspace.readConversation(ref) !== undefined) return ref;
  const known = workspace.websites().find((it) => it.websiteId === websiteId)?.conversations;
  const names = [...(known?.keys() ?? [])];
  const shown = names.slice(-MOST_NAMED).join(', ') || 'none; start-conversation makes one';
  throw new SimulatorError(
    'unknown_session',
    `${JSON.stringify(session_id)} is no conversation of ${websiteId}, which has ${names.length}: ${shown}`,
  );
}

/** The name of a route that is served. Throws `SimulatorError` where none has it, and names those that are. */
function toRoute(name: string): string {
  const names = ROUTES.map((route) => route.name);
  if (names.includes(name)) return name;
  throw new SimulatorError('unknown_route', `${JSON.stringify(name)} is none of ${names.join(', ')}`);
}

/** Everything that `POST /_simulator/{name}` can do. */
export const CONTROLS: readonly Control[] = [
  control(
    'start-conversation',
    '{ website_id?, session_id?, nickname?, email?, anonymous?, state? }: a visitor arrives',
    {
      ...{ website_id: text, session_id: text, nickname: text, email: text },
      ...{ anonymous: z.boolean().default(false), state: state.exactOptional() },
    },
    (workspace, { session_id: sessionId, anonymous: isAnonymous, website_id, ...rest }) => {
      const websiteId = toWebsite(workspace, website_id);
      const named = sessionId === undefined ? {} : { sessionId };
      const started = workspace.startConversation({ ...rest, ...named, websiteId, isAnonymous });
      return { website_id: started.websiteId, session_id: started.sessionId };
    },
  ),
  control(
    'seed-conversations',
    '{ conversations, messages, types?, equal_timestamps_every?, website_id? }: older conversations, without hooks',
    {
      ...{ website_id: text, conversations: z.int().min(1), messages: wholeNumber },
      ...{ types: z.enum(['all', 'text']).exactOptional(), equal_timestamps_every: wholeNumber.default(0) },
    },
    (workspace, { conversations, messages, types = 'all', ...body }) => {
      const websiteId = toWebsite(workspace, body.website_id);
      const input = { conversations, messages, types, equalTimestampsEvery: body.equal_timestamps_every };
      const seeded = workspace.seedConversations({ ...input, websiteId });
      return { website_id: websiteId, session_ids: seeded.map(({ sessionId }) => sessionId) };
    },
  ),
  control(
    'send-message',
    '{ session_id, website_id?, from?, type?, content?, timestamp?, count? }: the visitor or an operator writes',
    {
      ...{ ...session, from: from.exactOptional(), type: z.enum(MESSAGE_TYPES).exactOptional() },
      ...{ content: content.exactOptional(), timestamp: z.int().exactOptional() },
      count: z.int().min(1).max(10_000).default(1),
    },
    (workspace, { count: times, session_id, website_id, ...message }) => {
      const ref = toSession(workspace, { session_id, website_id });
      const send = () => workspace.sendMessage(ref, message).fingerprint;
      return { fingerprints: Array.from({ length: times }, send) };
    },
  ),
  control(
    'edit-message',
    '{ session_id, fingerprint, content }: a message is edited',
    { ...session, fingerprint: z.int(), content },
    (workspace, body) =>
      void workspace.editMessage(toSession(workspace, body), body.fingerprint, body.content),
  ),
  control(
    'remove-message',
    '{ session_id, fingerprint }: a message is deleted',
    { ...session, fingerprint: z.int() },
    (workspace, body) => workspace.removeMessage(toSession(workspace, body), body.fingerprint),
  ),
  control(
    'acknowledge',
    '{ session_id, kind: read | unread | delivered, from? }: the messages of one side are read, …',
    { ...session, kind: z.enum(['read', 'unread', 'delivered']), from: from.default('user') },
    (workspace, body) => workspace.acknowledge(toSession(workspace, body), body),
  ),
  control(
    'set-state',
    '{ session_id, state: pending | unresolved | resolved }: resolved, reopened, parked',
    { ...session, state },
    (workspace, body) => workspace.setState(toSession(workspace, body), body.state),
  ),
  control(
    'change-conversation',
    `{ session_id, change: { ${Object.keys(CHANGE.shape).join('?, ')}? } }: changes what is given`,
    { ...session, change: CHANGE },
    (workspace, body) => workspace.changeConversation(toSession(workspace, body), body.change),
  ),
  control('remove-conversation', '{ session_id }: a conversation is deleted', session, (workspace, body) =>
    workspace.removeConversation(toSession(workspace, body)),
  ),
  control(
    'change-profile',
    '{ people_id, website_id?, nickname?, notepad?, segments? }: someone edits a person',
    { ...person, nickname: text, notepad: text, segments: texts },
    (workspace, { people_id: peopleId, website_id, nickname, ...change }) => {
      const websiteId = toWebsite(workspace, website_id);
      const named = nickname === undefined ? {} : { person: { nickname } };
      workspace.changeProfile({ websiteId, peopleId }, { ...change, ...named });
    },
  ),
  control(
    'remove-profile',
    '{ people_id, website_id? }: someone deletes a person',
    person,
    (workspace, body) =>
      workspace.removeProfile({ websiteId: toWebsite(workspace, body.website_id), peopleId: body.people_id }),
  ),
  control(
    'emit-event',
    '{ event, data, website_id? }: an event that no action causes',
    { website_id: text, event: z.string(), data: z.record(z.string(), z.unknown()) },
    (workspace, body) => workspace.emit(toWebsite(workspace, body.website_id), body.event, body.data),
  ),
  control(
    'subscribe-hook',
    '{ url, mode: plugin | website, secret?, events?, environment? }: delivers to this loopback address',
    {
      ...{ url: z.string(), mode: z.enum(['plugin', 'website']), secret: text, events: texts },
      environment: z.enum(['development', 'production']).exactOptional(),
    },
    ({ hooks }, input) => ({ id: hooks.subscribe(input).id }),
  ),
  control('unsubscribe-hook', '{ id }: stops delivering to a hook', { id: z.string() }, ({ hooks }, { id }) =>
    hooks.unsubscribe(id),
  ),
  control('lose-hooks', '{ count? }: the next deliveries are never sent', { count }, ({ hooks }, body) =>
    hooks.loseNext(body.count),
  ),
  control('duplicate-hooks', '{ count? }: the next deliveries are sent twice', { count }, ({ hooks }, body) =>
    hooks.duplicateNext(body.count),
  ),
  control('hold-hooks', '{}: keeps new deliveries back', {}, ({ hooks }) => hooks.hold()),
  control(
    'release-hooks',
    '{ order?: given | reversed }: sends what was kept back',
    { order: z.enum(['given', 'reversed']).default('given') },
    ({ hooks }, { order }) => hooks.release(order),
  ),
  control(
    'fail-route',
    '{ effect: { kind, … }, route?, session_id?, times?, after?, chance? }: meets fitting requests with a fault',
    {
      ...{ effect, route: text, session_id: text, times: z.int().min(1).exactOptional() },
      ...{ after: wholeNumber.exactOptional(), chance: z.number().min(0).max(1).exactOptional() },
    },
    (workspace, { session_id = '', route, ...fault }) => {
      const website = workspace.websites().find((it) => [...it.conversations.keys()].includes(session_id));
      const ref = session_id !== '' && toSession(workspace, { session_id, website_id: website?.websiteId });
      workspace.faults.add({
        ...fault,
        ...(route !== undefined && { route: toRoute(route) }),
        ...(ref && { sessionId: ref.sessionId }),
      });
    },
  ),
  control('clear-faults', '{}: no more faults', {}, ({ faults }) => faults.clear()),
  control(
    'set-quota',
    '{ perDay?, used? }: the daily quota; perDay 0 is none',
    { perDay: wholeNumber.exactOptional(), used: wholeNumber.exactOptional() },
    ({ limits: { quota } }, { perDay, used }, nowMs) => {
      if (perDay !== undefined) quota.setPerDay(perDay);
      if (used !== undefined) quota.setUsed(used, nowMs);
      return { quota: quota.state(nowMs) };
    },
  ),
  control(
    'set-rate',
    '{ requestsPerSecond, burst }: a limit on requests per second; without a body none',
    { requestsPerSecond: z.number().positive().exactOptional(), burst: z.number().min(1).default(1) },
    ({ limits }, { requestsPerSecond, burst }) =>
      limits.setRate(requestsPerSecond === undefined ? undefined : { requestsPerSecond, burst }),
  ),
  control(
    'set-latency',
    '{ minMs, maxMs }: how long an answer takes',
    { minMs: wholeNumber, maxMs: wholeNumber },
    (workspace, latency) => void Object.assign(workspace.latency, latency),
  ),
  control('roll-token', '{}: a new token; the old one is refused at once', {}, (workspace) => ({
    token: workspace.rollToken(),
  })),
  control(
    'set-scopes',
    '{ scopes: […] | "all" }: what the token may read',
    { scopes: z.union([z.array(z.string()), z.literal('all')]) },
    ({ account }, { scopes }) => {
      account.scopes = scopes === 'all' ? undefined : new Set(scopes);
    },
  ),
  control(
    'set-subscribed',
    '{ subscribed, website_id? }: whether the plugin is installed on a website',
    { subscribed: z.boolean(), website_id: text },
    (workspace, body) => workspace.setSubscribed(toWebsite(workspace, body.website_id), body.subscribed),
  ),
  control(
    'set-switch',
    '{ name, position }: moves a switch',
    { name: z.string(), position: z.union([z.string(), z.number()]) },
    (workspace, { name, position }) => {
      workspace.setSwitch(name, position);
      return { name, position };
    },
  ),
  control('reset-counters', '{}: all counters to zero', {}, ({ counters }) => counters.reset()),
];
