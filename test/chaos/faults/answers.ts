import { remove, say, setState, withdraw } from '../workload.ts';
import { CANARIES, currentState } from '../world/crisp-store.ts';
import { type CrispCall, toReply } from '../world/fake-crisp.ts';
import {
  crispFault,
  drawScope,
  type Fault,
  HOUR,
  MINUTE,
  noteFault,
  pickAlive,
  pickSessionKey,
  refusal,
} from './fault.ts';

/** Crisp answers, and the answer is odd. */
export const ANSWER_FAULTS: readonly Fault[] = [
  crispFault(
    'F36',
    'The JSON of an answer is cut off',
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.2, 0.6] },
    (world, random) => ({ matches: drawScope(world, random), answer: (truth) => cut(toReply(truth)) }),
  ),
  crispFault(
    'F37',
    'The conversation is deleted between the event and the fetch; 404 or 410',
    { probability: 0.5 },
    (world, random) => {
      const conversation = pickAlive(world, random);
      if (conversation) {
        say(world, conversation, random);
        remove(world, conversation, random);
      }
      return { answer: (truth) => (truth.status === 404 ? refusal(410, 'gone') : toReply(truth)) };
    },
  ),
  crispFault(
    'F38',
    'A conversation is unknown for some seconds, and then is not',
    { probability: 1 },
    (world) => {
      const firstMs = new Map<string, number>();
      return {
        matches({ sessionKey = '', question }) {
          const nowMs = world.clock.nowMs();
          firstMs.set(sessionKey, firstMs.get(sessionKey) ?? nowMs);
          const isYoung = nowMs - (firstMs.get(sessionKey) ?? nowMs) < 8_000;
          return isYoung && question.route === 'website/conversation';
        },
        answer: () => refusal(404, 'conversation_not_found'),
      };
    },
  ),
  crispFault(
    'F39',
    "Crisp's cache answers with messages of a while ago",
    { probability: [0.3, 0.7] },
    (_world, random) => {
      const lagMs = random.integer(15, 150) * 1000;
      return { matches: asksForMessages, trouble: () => ({ kind: 'stale', lagMs }) };
    },
  ),
  crispFault(
    'F40',
    'A conversation longer than may be read, or an answer of 30 MB',
    { lastsMs: [MINUTE, 2 * HOUR], probability: 1 },
    (world, random) => {
      const conversation = pickAlive(world, random);
      if (!conversation) return undefined;
      const { maxPages, crisp } = world.settings;
      const isLong = random.chance(0.5);
      if (isLong) {
        conversation.mark = 'F40';
        world.crisp.store.lengthen(conversation, maxPages * crisp.pageSize);
      }
      setState(world, conversation, random);
      if (isLong) return undefined;
      return {
        matches: (call) => call.sessionKey === conversation.key && asksForMessages(call),
        answer: toHugeReply,
      };
    },
  ),
  crispFault(
    'F41',
    'The messages change while they are paged, or the pages lead nowhere',
    { probability: 1 },
    (world, random) => {
      const stuck = random.chance(0.4) ? pickSessionKey(world, random) : undefined;
      return {
        matches({ question, sessionKey = '' }) {
          const conversation = world.crisp.store.find(sessionKey);
          if (question.before === undefined || !conversation || !currentState(conversation).fields)
            return false;
          if (sessionKey !== stuck && random.chance(0.5))
            random.pick([say, withdraw])(world, conversation, random);
          return true;
        },
        answer: (truth, { sessionKey }) => toReply(sessionKey === stuck ? { ...truth, status: 206 } : truth),
      };
    },
  ),
  crispFault(
    'F42',
    'Encodings that nobody asked for, one upon another',
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.2, 0.6] },
    (world, random) => ({
      matches: drawScope(world, random),
      answer: (truth) => ({
        ...toReply(truth),
        headers: { 'content-encoding': random.pick(['br', 'gzip, gzip, gzip', 'zstd', 'deflate']) },
      }),
    }),
  ),
  crispFault(
    'F43',
    "200 with HTML, nothing, an error, or another session's answer",
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.1, 0.4] },
    (world, random) => ({
      matches: drawScope(world, random),
      answer: () => ({ status: 200, body: random.pick(ODD_BODIES) }),
    }),
  ),
  crispFault('F44', 'A redirect to somewhere else', { probability: 0.2 }, (_world, random) => {
    const location = random.pick(['https://example.net/v1', 'http://169.254.169.254/latest', '/elsewhere']);
    return {
      matches: ({ instance }) => instance.role === 'consumer',
      answer: () => ({ status: random.pick([301, 302, 307]), headers: { location }, body: '' }),
    };
  }),
  crispFault(
    'F59',
    'An error whose reason is what people wrote, up to a hundred kilobytes of it',
    { probability: 1 },
    (world, random) => {
      const session = pickSessionKey(world, random);
      if (session === undefined) return undefined;
      const reason = `${CANARIES.said} `.repeat(random.pick([10, 2000, 6000]));
      return {
        matches: ({ sessionKey }) => sessionKey === session,
        answer: () => refusal(random.pick([400, 403, 500]), reason),
      };
    },
  ),
  crispFault(
    'F72',
    'Fields that nobody knows, known ones of other types, events with new names',
    { probability: 0.5 },
    (world, random) => {
      const [conversation] = world.crisp.store.conversations;
      if (conversation) {
        const { websiteId, sessionId } = conversation;
        const data = { shape: [1, { deep: true }] };
        world.hooks.send({ name: 'session:entirely:new', websiteId, sessionId, data });
      }
      return {
        matches: ({ question }) => question.route === 'website/conversation',
        answer: (truth) => toReply({ ...truth, data: { ...Object(truth.data), ...random.pick(DRIFTS) } }),
      };
    },
  ),
  {
    id: 'F78',
    title: 'Fingerprints repeat, as an import numbers replies and notes apart',
    inject(world, random) {
      const conversation = pickAlive(world, random);
      if (!conversation) return undefined;
      noteFault(world, 'F78', 'crisp');
      world.crisp.store.repeat(conversation, random.integer(1, 60));
      say(world, conversation, random);
      return undefined;
    },
  },
  crispFault(
    'F79',
    'Fields of another type than the record promises, and profiles of other people',
    { probability: [0.3, 1] },
    (world, random) => {
      const conversation = pickAlive(world, random);
      if (conversation) say(world, conversation, random);
      return {
        matches: ({ question: { route } }) => route === 'website/conversation' || ODD_PARTS.has(route),
        answer(truth, { question: { route } }) {
          const isWhole = ODD_PARTS.has(route);
          if (truth.status >= 300) return toReply(truth);
          const odd = random.pick(isWhole ? ODD_WHOLES : ODD_FIELDS);
          return toReply({ ...truth, data: isWhole ? odd : { ...Object(truth.data), ...Object(odd) } });
        },
      };
    },
  ),
  crispFault(
    'F80',
    'Pages of messages out of time order, or with an old message among the newest',
    { probability: [0.3, 1] },
    (world, random) => {
      const conversation = pickAlive(world, random);
      if (conversation) {
        world.crisp.store.lengthen(conversation, random.integer(30, 120));
        say(world, conversation, random);
      }
      return {
        matches: asksForMessages,
        answer(truth, { sessionKey = '' }) {
          if (!Array.isArray(truth.data)) return toReply(truth);
          const known = world.crisp.store.find(sessionKey);
          const oldest = known ? currentState(known).messages.slice(0, 1) : [];
          const isIntruded = random.chance(0.5) && !truth.data.includes(oldest[0]);
          return toReply({ ...truth, data: random.shuffle([...truth.data, ...(isIntruded ? oldest : [])]) });
        },
      };
    },
  ),
];

function asksForMessages({ question }: CrispCall): boolean {
  return question.route === 'website/conversation/messages';
}

// What is no list and no object, in the place of one; and somebody else's profile.
const ODD_PARTS = new Set([
  'website/people/profile',
  'website/conversation/pages',
  'website/conversation/events',
  'website/conversation/relations',
]);
const ODD_WHOLES: readonly unknown[] = [
  [],
  'text',
  7,
  null,
  { people_id: '00000000-0000-4000-8000-000000000000' },
];
const ODD_FIELDS: readonly unknown[] = [
  { meta: [] },
  { meta: { nickname: 12, email: ['x'], segments: {}, data: [] } },
  { meta: { segments: ['chat', 4, null, 'vip', {}], data: 'text' } },
  { created_at: '2026-10-01', updated_at: 'today', state: 7 },
  { assigned: [], participants: {}, topic: 5, inbox_id: {} },
  { people_id: 'no-uuid', is_verified: 'yes', is_blocked: 1 },
];

const ODD_BODIES = [
  `<html><body>${CANARIES.said}</body></html>`,
  '',
  'null',
  '{}',
  '{"error":false,"reason":"resolved","data":null}',
  '{"error":false,"reason":"resolved","data":"text"}',
  '{"error":true,"reason":"internal_error","data":{}}',
  '{"error":false,"reason":"resolved","data":{"session_id":"session_of_another","website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc"}}',
];

// What the record's schema leaves open.
const DRIFTS = [{ new_field: { deep: [1, 2, 3] } }, { verifications: 'text' }, { mentions: { none: true } }];

function cut({ status, body }: { status: number; body: string }) {
  return { status, body: body.slice(0, Math.floor(body.length * 0.7)) };
}

function toHugeReply() {
  return {
    status: 200,
    headers: { 'content-length': String(30 * 1024 * 1024) },
    body: '{"error":false,"data":[]}',
  };
}
