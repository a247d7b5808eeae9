import { errors } from 'undici';
import type { Random } from '../../../lib/local/simulator/random.ts';
import { remove, say, setState, withdraw } from '../workload.ts';
import { CANARIES, currentState } from '../world/crisp-store.ts';
import { toReply } from '../world/fake-crisp.ts';
import {
  answering,
  disturbCrisp,
  drawScope,
  type Fault,
  HOUR,
  MINUTE,
  noteFault,
  nothingToEnd,
  pickSessionKey,
  refusal,
} from './fault.ts';

/** Crisp answers, and the answer is odd. */
export const ANSWER_FAULTS: readonly Fault[] = [
  {
    id: 'F36',
    title: 'The JSON of an answer is cut off',
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F36', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.6]),
        random,
        trouble: () => ({ kind: 'answer', answer: (truth) => cut(toReply(truth)) }),
      }),
  },
  {
    id: 'F37',
    title: 'The conversation is deleted between the event and the fetch; 404 or 410',
    inject(world, random) {
      const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
      if (conversation && currentState(conversation).fields) {
        say(world, conversation, random);
        remove(world, conversation, random);
      }
      return disturbCrisp(world, 'F37', {
        probability: 0.5,
        random,
        trouble: () => ({
          kind: 'answer',
          answer: (truth) => (truth.status === 404 ? refusal(410, 'gone') : toReply(truth)),
        }),
      });
    },
  },
  {
    id: 'F38',
    title: 'A conversation is unknown for some seconds, and then is not',
    inject(world, random) {
      const firstMs = new Map<string, number>();
      return disturbCrisp(world, 'F38', {
        matches: ({ sessionKey = '', question }) => {
          const nowMs = world.clock.nowMs();
          firstMs.set(sessionKey, firstMs.get(sessionKey) ?? nowMs);
          const isYoung = nowMs - (firstMs.get(sessionKey) ?? nowMs) < 8_000;
          return isYoung && question.route === 'website/conversation';
        },
        probability: 1,
        random,
        trouble: () => answering(() => refusal(404, 'conversation_not_found')),
      });
    },
  },
  {
    id: 'F39',
    title: "Crisp's cache answers with messages of a while ago",
    inject(world, random) {
      const lagMs = random.integer(15, 150) * 1000;
      return disturbCrisp(world, 'F39', {
        matches: ({ question }) => question.route === 'website/conversation/messages',
        probability: random.pick([0.3, 0.7]),
        random,
        trouble: () => ({ kind: 'stale', lagMs }),
      });
    },
  },
  {
    id: 'F40',
    title: 'A conversation longer than may be read, or an answer of 30 MB',
    lastsMs: [MINUTE, 2 * HOUR],
    inject(world, random) {
      const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
      if (!conversation || !currentState(conversation).fields) return nothingToEnd;
      const { maxPages, crisp } = world.settings;
      const isLong = random.chance(0.5);
      if (isLong) {
        conversation.mark = 'F40';
        world.crisp.store.lengthen(conversation, maxPages * crisp.pageSize);
      }
      setState(world, conversation, random);
      if (isLong) return nothingToEnd;
      return disturbCrisp(world, 'F40', {
        matches: ({ sessionKey, question }) =>
          sessionKey === conversation.key && question.route === 'website/conversation/messages',
        probability: 1,
        random,
        trouble: () => answering(toHugeReply),
      });
    },
  },
  {
    id: 'F41',
    title: 'The messages change while they are paged, or the pages lead nowhere',
    inject(world, random) {
      const stuck = random.chance(0.4) ? pickSessionKey(world, random) : undefined;
      return disturbCrisp(world, 'F41', {
        matches: ({ question, sessionKey = '' }) => {
          const conversation = world.crisp.store.find(sessionKey);
          if (question.before === undefined || !conversation || !currentState(conversation).fields)
            return false;
          if (sessionKey !== stuck && random.chance(0.5))
            random.pick([say, withdraw])(world, conversation, random);
          return true;
        },
        probability: 1,
        random,
        trouble: ({ sessionKey }) => ({
          kind: 'answer',
          answer: (truth) => toReply(sessionKey === stuck ? { ...truth, status: 206 } : truth),
        }),
      });
    },
  },
  {
    id: 'F42',
    title: 'Encodings that nobody asked for, one upon another',
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F42', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.6]),
        random,
        trouble: () => ({
          kind: 'answer',
          answer: (truth) => ({
            ...toReply(truth),
            headers: { 'content-encoding': random.pick(['br', 'gzip, gzip, gzip', 'zstd', 'deflate']) },
          }),
        }),
      }),
  },
  {
    id: 'F43',
    title: "200 with HTML, nothing, an error, or another session's answer",
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F43', {
        matches: drawScope(world, random),
        probability: random.pick([0.1, 0.4]),
        random,
        trouble: () => answering(() => ({ status: 200, body: random.pick(ODD_BODIES) })),
      }),
  },
  {
    id: 'F44',
    title: 'A redirect to somewhere else',
    inject(world, random) {
      const location = random.pick(['https://example.net/v1', 'http://169.254.169.254/latest', '/elsewhere']);
      return disturbCrisp(world, 'F44', {
        matches: ({ instance }) => instance.role === 'consumer',
        probability: 0.2,
        random,
        trouble: () =>
          answering(() => ({ status: random.pick([301, 302, 307]), headers: { location }, body: '' })),
      });
    },
  },
  {
    id: 'F59',
    title: 'An error whose reason is what people wrote, up to a hundred kilobytes of it',
    inject(world, random) {
      const session = pickSessionKey(world, random);
      if (session === undefined) return nothingToEnd;
      const reason = `${CANARIES.said} `.repeat(random.pick([10, 2000, 6000]));
      return disturbCrisp(world, 'F59', {
        matches: ({ sessionKey }) => sessionKey === session,
        probability: 1,
        random,
        trouble: () => answering(() => refusal(random.pick([400, 403, 500]), reason)),
      });
    },
  },
  {
    id: 'F72',
    title: 'Fields that nobody knows, known ones of other types, events with new names',
    inject(world, random) {
      const [conversation] = world.crisp.store.conversations;
      const event = { name: 'session:entirely:new', data: { shape: [1, { deep: true }] } };
      if (conversation)
        world.hooks.send({ ...event, websiteId: conversation.websiteId, sessionId: conversation.sessionId });
      return disturbCrisp(world, 'F72', {
        matches: ({ question }) => question.route === 'website/conversation',
        probability: 0.5,
        random,
        trouble: () => ({
          kind: 'answer',
          answer: (truth) => toReply({ ...truth, data: { ...Object(truth.data), ...random.pick(DRIFTS) } }),
        }),
      });
    },
  },
  {
    id: 'F78',
    title: 'Fingerprints repeat, as an import numbers replies and notes apart',
    inject(world, random) {
      const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
      if (!conversation || !currentState(conversation).fields) return nothingToEnd;
      noteFault(world, 'F78', 'crisp');
      world.crisp.store.repeat(conversation, random.integer(1, 60));
      say(world, conversation, random);
      return nothingToEnd;
    },
  },
  {
    id: 'F79',
    title: 'Fields of another type than the record promises, and profiles of other people',
    inject(world, random) {
      const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
      if (conversation && currentState(conversation).fields) say(world, conversation, random);
      return disturbCrisp(world, 'F79', {
        matches: ({ question: { route } }) => route === 'website/conversation' || ODD_PARTS.has(route),
        probability: random.pick([0.3, 1]),
        random,
        trouble: ({ question: { route } }) => ({
          kind: 'answer',
          answer: (truth) => {
            const isWhole = ODD_PARTS.has(route);
            if (truth.status >= 300) return toReply(truth);
            const odd = random.pick(isWhole ? ODD_WHOLES : ODD_FIELDS);
            return toReply({ ...truth, data: isWhole ? odd : { ...Object(truth.data), ...Object(odd) } });
          },
        }),
      });
    },
  },
  {
    id: 'F80',
    title: 'Pages of messages out of time order, or with an old message among the newest',
    inject(world, random) {
      const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
      if (conversation && currentState(conversation).fields) {
        world.crisp.store.lengthen(conversation, random.integer(30, 120));
        say(world, conversation, random);
      }
      return disturbCrisp(world, 'F80', {
        matches: ({ question }) => question.route === 'website/conversation/messages',
        probability: random.pick([0.3, 1]),
        random,
        trouble: ({ sessionKey = '' }) => ({
          kind: 'answer',
          answer: (truth) => {
            if (!Array.isArray(truth.data)) return toReply(truth);
            const known = world.crisp.store.find(sessionKey);
            const oldest = known ? currentState(known).messages.slice(0, 1) : [];
            const isIntruded = random.chance(0.5) && !truth.data.includes(oldest[0]);
            return toReply({
              ...truth,
              data: random.shuffle([...truth.data, ...(isIntruded ? oldest : [])]),
            });
          },
        }),
      });
    },
  },
];

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

const DAY = 24 * HOUR;

/** Crisp refuses, fails, or cannot be reached. */
export const AVAILABILITY_FAULTS: readonly Fault[] = [
  {
    id: 'F31',
    title: 'Crisp limits the rate: 429, 420 or 422, with and without Retry-After',
    lastsMs: [10_000, HOUR],
    inject(world, random) {
      const status = random.pick([429, 429, 420, 422]);
      const headers = drawRetryAfter(random);
      return disturbCrisp(world, 'F31', {
        probability: random.pick([0.3, 0.8, 1]),
        random,
        trouble: () => answering(() => refusal(status, 'too_many_requests', headers)),
      });
    },
  },
  {
    id: 'F32',
    title: "The day's quota is spent",
    lastsMs: [30 * MINUTE, 6 * HOUR],
    inject(world, random) {
      const status = random.pick([423, 429]);
      return disturbCrisp(world, 'F32', {
        probability: 1,
        random,
        trouble: () => answering(() => refusal(status, 'quota_limit_exceeded')),
      });
    },
  },
  {
    id: 'F81',
    title: 'Crisp gives so many calls a day, which begins at an hour that nobody knows',
    lastsMs: [6 * HOUR, 30 * HOUR],
    inject(world, random) {
      const [perDay, beginsMs] = [random.integer(3, 40), random.integer(0, 23) * HOUR];
      const status = random.pick([429, 423, 420]);
      const reason = random.pick(['quota_limit_exceeded', 'rate_limited']);
      let [day, used] = [0, 0];
      return world.crisp.disturbances.add(() => {
        const today = Math.floor((world.clock.nowMs() - beginsMs) / DAY);
        if (today !== day) [day, used] = [today, 0];
        used += 1;
        return used <= perDay
          ? undefined
          : { fault: 'F81', kind: 'answer', answer: () => refusal(status, reason) };
      });
    },
  },
  {
    id: 'F33',
    title: 'Crisp answers 5xx for a while, for up to hours',
    lastsMs: [MINUTE, 6 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F33', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.7, 1]),
        random,
        trouble: () => answering(() => refusal(random.pick([500, 502, 503, 504, 408, 522]), 'server_error')),
      }),
  },
  {
    id: 'F34',
    title: 'The connection is reset: before the headers, or in the middle of the body',
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F34', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.7]),
        random,
        trouble: () => ({
          kind: 'break',
          when: random.pick(['before-headers', 'mid-body']),
          error: () => drawBrokenConnection(random),
        }),
      }),
  },
  {
    id: 'F35',
    title: 'Crisp never answers, or byte by byte',
    inject: (world, random) =>
      disturbCrisp(world, 'F35', {
        probability: random.pick([0.2, 0.7]),
        random,
        trouble: () =>
          random.chance(0.5)
            ? { kind: 'hang' }
            : { kind: 'slow-body', chunks: 12, chunkMs: random.integer(300, 1500) },
      }),
  },
  {
    id: 'F71',
    title: "Crisp's name is not resolved, or its certificate is wrong",
    inject(world, random) {
      const code = random.pick([
        'ENOTFOUND',
        'EAI_AGAIN',
        'ECONNREFUSED',
        'CERT_HAS_EXPIRED',
        'ERR_TLS_CERT_ALTNAME_INVALID',
      ]);
      return disturbCrisp(world, 'F71', {
        probability: 1,
        random,
        trouble: () => ({ kind: 'break', when: 'before-headers', error: () => toCoded(code) }),
      });
    },
  },
];

function drawRetryAfter(random: Random): Record<string, string> {
  const value = random.pick(['', '5', '30', '120', '7200', '-1', 'banana', '999999']);
  return value === '' ? {} : { 'retry-after': value };
}

function drawBrokenConnection(random: Random): Error {
  // A socket that has brought something before was closed while idle: nobody's failure.
  const isReused = random.chance(0.5);
  return random.pick([
    () => toCoded('ECONNRESET'),
    () => toCoded('EPIPE'),
    () => new errors.SocketError('other side closed', { bytesRead: isReused ? 512 : 0 } as never),
  ])();
}

function toCoded(code: string): Error {
  return Object.assign(new Error(`${code} canary-address`), { code });
}
