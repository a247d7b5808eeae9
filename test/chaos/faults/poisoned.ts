import { AssertionError } from 'node:assert';
import { errors } from 'undici';
import type { Random } from '../../../lib/local/simulator/random.ts';
import { say } from '../workload.ts';
import { currentState } from '../world/crisp-store.ts';
import { type CrispReply, toReply } from '../world/fake-crisp.ts';
import type { World } from '../world/world.ts';
import { answering, disturbCrisp, drawScope, type Fault, HOUR, MINUTE, refusal } from './fault.ts';

/** Answers that could be about everything, and are about one session, one website, or really about everything. */
export const POISON_FAULTS: readonly Fault[] = [
  {
    id: 'F73',
    title:
      'One to four conversations are answered as if nothing could work: unknown route, rejected token, limits',
    lastsMs: [MINUTE, 6 * HOUR],
    inject(world, random) {
      const poisoned = pickSessionKeys(world, random, random.integer(1, 4));
      const answer = random.pick(AS_IF_NOTHING_WORKED);
      return disturbCrisp(world, 'F73', {
        matches: ({ sessionKey = '' }) => poisoned.has(sessionKey),
        probability: 1,
        random,
        trouble: () => answering(answer),
      });
    },
  },
  {
    id: 'F74',
    title: 'A reason that names a limit, under a status that means something else',
    lastsMs: [MINUTE, 3 * HOUR],
    inject(world, random) {
      const status = random.pick([400, 403, 404, 406, 503, 200]);
      const reason = random.pick([
        'rate_limited',
        'too_many_requests',
        'quota_limit_exceeded',
        'request_limit_reached',
      ]);
      return disturbCrisp(world, 'F74', {
        probability: random.pick([0.3, 0.8, 1]),
        random,
        trouble: () => answering(() => inEnvelope(status, reason)),
      });
    },
  },
  {
    id: 'F75',
    title:
      'One website of several refuses everything: the plugin was uninstalled there, or a scope is missing',
    lastsMs: [MINUTE, 6 * HOUR],
    inject(world, random) {
      const websiteId = random.pick(world.settings.websiteIds);
      const [status, reason] = random.pick([
        [404, 'not_subscribed'],
        [403, 'not_allowed'],
        [402, 'subscription_upgrade_required'],
      ] as const);
      return disturbCrisp(world, 'F75', {
        matches: ({ question }) => question.websiteId === websiteId,
        probability: 1,
        random,
        trouble: () => answering(() => refusal(status, reason)),
      });
    },
  },
  {
    id: 'F76',
    title: 'Bytes that are not HTTP, where an answer should be, or in the middle of it',
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F76', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.7, 1]),
        random,
        trouble: () => ({
          kind: 'break',
          when: random.pick(['before-headers', 'mid-body']),
          error: () => random.pick(BROKEN_BYTES)(),
        }),
      }),
  },
  {
    id: 'F77',
    title: 'Crisp rejects every request in its own words, with a 4xx that nobody knows',
    lastsMs: [MINUTE, 6 * HOUR],
    inject(world, random) {
      const status = random.pick([400, 405, 406, 409, 418, 451]);
      return disturbCrisp(world, 'F77', {
        probability: 1,
        random,
        trouble: () => answering(() => refusal(status, 'not_acceptable')),
      });
    },
  },
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
  for (const conversation of poisoned) {
    if (currentState(conversation).fields) say(world, conversation, random);
  }
  return new Set(poisoned.map(({ key }) => key));
}
