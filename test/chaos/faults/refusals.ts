import { AssertionError } from 'node:assert';
import { errors } from 'undici';
import type { Random } from '../../../lib/local/simulator/random.ts';
import { type CrispReply, toReply } from '../world/fake-crisp.ts';
import type { World } from '../world/world.ts';
import { crispFault, drawScope, type Fault, HOUR, MINUTE, refusal, sayIfAlive } from './fault.ts';

const DAY = 24 * HOUR;

/** Crisp refuses, fails, or cannot be reached. */
export const AVAILABILITY_FAULTS: readonly Fault[] = [
  crispFault(
    'F31',
    'Crisp limits the rate: 429, 420 or 422, with and without Retry-After',
    { lastsMs: [10_000, HOUR], probability: [0.3, 0.8, 1] },
    (_world, random) => {
      const status = random.pick([429, 429, 420, 422]);
      const retryAfter = random.pick(['', '5', '30', '120', '7200', '-1', 'banana', '999999']);
      const headers = retryAfter === '' ? {} : { 'retry-after': retryAfter };
      return { answer: () => refusal(status, 'too_many_requests', headers) };
    },
  ),
  crispFault(
    'F32',
    "The day's quota is spent",
    { lastsMs: [30 * MINUTE, 6 * HOUR], probability: 1 },
    (_world, random) => {
      const status = random.pick([423, 429]);
      return { answer: () => refusal(status, 'quota_limit_exceeded') };
    },
  ),
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
  crispFault(
    'F33',
    'Crisp answers 5xx for a while, for up to hours',
    { lastsMs: [MINUTE, 6 * HOUR], probability: [0.2, 0.7, 1] },
    (world, random) => ({
      matches: drawScope(world, random),
      answer: () => refusal(random.pick([500, 502, 503, 504, 408, 522]), 'server_error'),
    }),
  ),
  crispFault(
    'F34',
    'The connection is reset: before the headers, or in the middle of the body',
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.2, 0.7] },
    (world, random) => ({
      matches: drawScope(world, random),
      trouble: breaking(random, () => drawBrokenConnection(random)),
    }),
  ),
  crispFault(
    'F35',
    'Crisp never answers, or byte by byte',
    { probability: [0.2, 0.7] },
    (_world, random) => ({
      trouble: () =>
        random.chance(0.5)
          ? { kind: 'hang' }
          : { kind: 'slow-body', chunks: 12, chunkMs: random.integer(300, 1500) },
    }),
  ),
  crispFault(
    'F71',
    "Crisp's name is not resolved, or its certificate is wrong",
    { probability: 1 },
    (_world, random) => {
      const codes = [
        'ENOTFOUND',
        'EAI_AGAIN',
        'ECONNREFUSED',
        'CERT_HAS_EXPIRED',
        'ERR_TLS_CERT_ALTNAME_INVALID',
      ];
      const code = random.pick(codes);
      return { trouble: () => ({ kind: 'break', when: 'before-headers', error: () => toCoded(code) }) };
    },
  ),
];

function breaking(random: Random, error: () => Error) {
  return () =>
    ({ kind: 'break', when: random.pick(['before-headers', 'mid-body'] as const), error }) as const;
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

/** Answers that could be about everything, and are about one session, one website, or really about everything. */
export const POISON_FAULTS: readonly Fault[] = [
  crispFault(
    'F73',
    'One to four conversations are answered as if nothing could work: unknown route, rejected token, limits',
    { lastsMs: [MINUTE, 6 * HOUR], probability: 1 },
    (world, random) => {
      const poisoned = pickSessionKeys(world, random, random.integer(1, 4));
      const answer = random.pick(AS_IF_NOTHING_WORKED);
      return { matches: ({ sessionKey = '' }) => poisoned.has(sessionKey), answer };
    },
  ),
  crispFault(
    'F74',
    'A reason that names a limit, under a status that means something else',
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.3, 0.8, 1] },
    (_world, random) => {
      const status = random.pick([400, 403, 404, 406, 503, 200]);
      const reasons = ['rate_limited', 'too_many_requests', 'quota_limit_exceeded', 'request_limit_reached'];
      const reason = random.pick(reasons);
      return { answer: () => inEnvelope(status, reason) };
    },
  ),
  crispFault(
    'F75',
    'One website of several refuses everything: the plugin was uninstalled there, or a scope is missing',
    { lastsMs: [MINUTE, 6 * HOUR], probability: 1 },
    (world, random) => {
      const websiteId = random.pick(world.settings.websiteIds);
      const [status, reason] = random.pick([
        [404, 'not_subscribed'],
        [403, 'not_allowed'],
        [402, 'subscription_upgrade_required'],
      ] as const);
      return {
        matches: ({ question }) => question.websiteId === websiteId,
        answer: () => refusal(status, reason),
      };
    },
  ),
  crispFault(
    'F76',
    'Bytes that are not HTTP, where an answer should be, or in the middle of it',
    { lastsMs: [MINUTE, 3 * HOUR], probability: [0.2, 0.7, 1] },
    (world, random) => ({
      matches: drawScope(world, random),
      trouble: breaking(random, () => random.pick(BROKEN_BYTES)()),
    }),
  ),
  crispFault(
    'F77',
    'Crisp rejects every request in its own words, with a 4xx that nobody knows',
    { lastsMs: [MINUTE, 6 * HOUR], probability: 1 },
    (_world, random) => {
      const status = random.pick([400, 405, 406, 409, 418, 451]);
      return { answer: () => refusal(status, 'not_acceptable') };
    },
  ),
];

const AS_IF_NOTHING_WORKED: readonly (() => CrispReply)[] = [
  () => toReply({ status: 404, reason: 'not_found', data: { message: 'the route does not exist' } }),
  () => refusal(401, 'invalid_session'),
  () => refusal(404, 'not_subscribed'),
  () => refusal(423, 'quota_limit_exceeded'),
  () => refusal(429, 'too_many_requests', { 'retry-after': '120' }),
  () => inEnvelope(403, 'rate_limited'),
  () => inEnvelope(200, 'quota_limit_exceeded'),
];

/** As undici throws them for broken bytes over a real socket: see test/support/broken-bytes.ts. */
const BROKEN_BYTES: readonly (() => Error)[] = [
  () => new errors.HTTPParserError('Response does not match the HTTP/1.1 protocol (Expected HTTP/)'),
  () => new errors.ResponseContentLengthMismatchError(),
  () => new errors.HeadersOverflowError(),
  () => new AssertionError({ message: 'The expression evaluated to a falsy value' }),
  () => new errors.SocketError('bad upgrade'),
];

function inEnvelope(status: number, reason: string): CrispReply {
  return { status, body: JSON.stringify({ error: true, reason, data: {} }) };
}

/** Something happens in each of them just then. */
function pickSessionKeys(world: World, random: Random, count: number): ReadonlySet<string> {
  const poisoned = random.shuffle(world.crisp.store.conversations).slice(0, count);
  for (const conversation of poisoned) sayIfAlive(world, conversation, random);
  return new Set(poisoned.map(({ key }) => key));
}
