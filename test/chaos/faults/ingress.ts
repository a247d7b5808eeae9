import type { Random } from '../../../lib/local/simulator/random.ts';
import { forge, writeAnew } from '../workload.ts';
import { toAwsError } from '../world/aws/call.ts';
import { currentState } from '../world/crisp-store.ts';
import { SECRETS } from '../world/settings.ts';
import {
  type AwsPlan,
  awsFault,
  crispFault,
  disturbAws,
  drawServerError,
  type Fault,
  type FaultId,
  hookFault,
  MINUTE,
  noteFault,
  refusal,
  SECOND,
} from './fault.ts';

/** Clocks that differ, and deliveries that do not look like the usual ones. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    id: 'F13',
    title: "The webhook's clock is ten minutes ahead or behind",
    inject(world, random) {
      noteFault(world, 'F13', 'clock');
      // Where somebody changed the queue's delay as well, a clock that is behind loses events: of the two that keep a
      // fetch from coming too early, one has to be right.
      const mayBeBehind = world.settings.queueDelaySeconds === undefined;
      world.skewMs.webhook = mayBeBehind && random.chance(0.5) ? -10 * MINUTE : 10 * MINUTE;
      return () => {
        world.skewMs.webhook = 0;
      };
    },
  },
  hookFault(
    'F14',
    "Crisp's clock is ahead, within the tolerance of five minutes and beyond it",
    ({ hooks }, random) =>
      random.chance(0.4) && hooks.habits.mode === 'plugin'
        ? { timestampShiftMs: 25 * MINUTE, isGenuine: false, isOnce: true }
        : { timestampShiftMs: 298 * SECOND },
  ),
  hookFault('F15', 'The timestamp is in seconds or in milliseconds', (_world, random) => ({
    timestampUnit: random.pick(['s', 'ms']),
  })),
  hookFault('F16', 'The body comes in Base64', ({ hooks }) => ({ isBase64: !hooks.habits.isBase64 })),
  hookFault('F17', 'A proxy writes the JSON anew on its way', ({ hooks }, random) =>
    random.chance(0.5)
      ? { changeBody: writeAnew, isGenuine: hooks.habits.mode === 'website', isOnce: true }
      : undefined,
  ),
];

/** What can go wrong between Crisp and the queue. */
export const INGRESS_FAULTS: readonly Fault[] = [
  hookFault(
    'F1',
    'Duplicate deliveries: the answer is lost, or Crisp sends the same bytes several times',
    (_world, random) =>
      random.chance(0.5) ? { losesAnswer: true, resigns: false } : { copies: random.integer(1, 4) },
  ),
  hookFault('F2', 'A retry with a new timestamp and signature over the same body', () => ({
    losesAnswer: true,
    resigns: true,
  })),
  hookFault(
    'F3',
    'A delivery comes again with its first timestamp, minutes to an hour later, or is older than allowed',
    ({ hooks }, random) =>
      random.chance(0.2) && hooks.habits.mode === 'plugin'
        ? { timestampShiftMs: -25 * 60 * MINUTE, isGenuine: false, isOnce: true }
        : { replaysAfterMs: [1, 6, 60].map((minutes) => minutes * MINUTE) },
  ),
  hookFault('F4', "A session's events arrive in another order", (_world, random) => ({
    delayMs: random.integer(0, 3 * MINUTE),
  })),
  sendFault('F5', 'The queue refuses sends, throttles, or cannot be reached', (random) => ({
    kind: 'refuse',
    error: drawServerError(random),
  })),
  sendFault('F6', 'The queue takes a message and its answer is lost', () => ({ kind: 'lose-answer' })),
  sendFault('F7', 'The queue takes up to ten seconds', (random) => ({
    kind: 'slow',
    delayMs: random.integer(2_000, 10_000),
  })),
  {
    id: 'F8',
    title: 'The webhook is killed between its send and its answer',
    inject: (world, random) =>
      world.strikes.add(({ instance: { role }, operation, when }) => {
        const isSent = role === 'webhook' && operation === 'sqs:SendMessage' && when === 'after';
        return isSent && random.chance(0.5) ? 'fault' : undefined;
      }),
  },
  {
    id: 'F9',
    title: 'A cold start while the secrets cannot be read',
    inject(world, random) {
      world.cool('webhook');
      const calm = disturbAws(world, 'F9', {
        matches: ({ service, instance }) => service === 'ssm' && instance.role === 'webhook',
        probability: random.pick([0.5, 1]),
        random,
        trouble: () => ({ kind: 'refuse', error: drawServerError(random) }),
      });
      return () => {
        calm();
        world.cool('webhook');
      };
    },
  },
  {
    id: 'F10',
    title: 'A burst of events on one session',
    lastsMs: [1_000, 2_000],
    inject(world, random) {
      const [conversation] = random.shuffle(world.crisp.store.conversations);
      if (!conversation || !currentState(conversation).fields) return undefined;
      noteFault(world, 'F10', 'delivery');
      const { websiteId, sessionId } = conversation;
      const event = { name: 'session:set_data', websiteId, sessionId, data: { data: { seats: 3 } } };
      for (let each = random.integer(30, 120); each > 0; each -= 1)
        world.hooks.send(event, { delayMs: random.integer(0, 2000) });
      return undefined;
    },
  },
  {
    id: 'F12',
    title: 'A flood of forged deliveries',
    lastsMs: [1_000, 2_000],
    inject(world, random) {
      noteFault(world, 'F12', 'delivery');
      for (let each = random.integer(30, 120); each > 0; each -= 1) forge(world, random);
      return undefined;
    },
  },
];

function sendFault(
  id: FaultId,
  title: string,
  trouble: (random: Random) => ReturnType<AwsPlan['trouble']>,
): Fault {
  return awsFault(id, title, { probability: [0.3, 1] }, (_world, random) => ({
    matches: ({ action, instance }) => action === 'SendMessage' && instance.role === 'webhook',
    trouble: () => trouble(random),
  }));
}

/** Secrets that change, and rights that are missing. */
export const CREDENTIAL_FAULTS: readonly Fault[] = [
  {
    id: 'F45',
    title: "The hook's secret is rotated: both hold for a while",
    lastsMs: [10 * MINUTE, 20 * MINUTE],
    inject(world, random) {
      const { hooks, secrets, clock } = world;
      noteFault(world, 'F45', 'secrets');
      world.recorder.note({ type: 'operated', action: 'entered a second hook secret' });
      secrets.set('CRISP_HOOK_SECRETS', `${SECRETS.hook},${SECRETS.nextHook}`);
      clock.schedule(clock.nowMs() + random.integer(1, 8 * 60) * SECOND, () => {
        hooks.secret = SECRETS.nextHook;
      });
      return () => secrets.set('CRISP_HOOK_SECRETS', SECRETS.nextHook);
    },
  },
  {
    id: 'F46',
    title: "Crisp's token is rolled: the old one ends at once, the new one is entered later",
    lastsMs: [10 * SECOND, 60 * MINUTE],
    inject(world) {
      const { crisp, secrets, recorder } = world;
      const { token, nextToken } = SECRETS;
      noteFault(world, 'F46', 'secrets');
      crisp.tokens.delete(`${token.identifier}:${token.key}`);
      crisp.tokens.add(`${nextToken.identifier}:${nextToken.key}`);
      return () => {
        recorder.note({ type: 'operated', action: 'entered the new token' });
        secrets.set('CRISP_TOKEN_IDENTIFIER', nextToken.identifier);
        secrets.set('CRISP_TOKEN_KEY', nextToken.key);
      };
    },
  },
  crispFault('F47', 'The token lacks a scope on one website', { probability: 1 }, (world, random) => {
    const websiteId = random.pick(world.settings.websiteIds);
    return {
      matches: ({ question }) => question.websiteId === websiteId && question.sessionId !== undefined,
      answer: () => refusal(403, 'not_allowed'),
    };
  }),
  awsFault(
    'F48',
    'The AWS credentials of an instance expire',
    { probability: [0.2, 1] },
    (_world, random) => {
      const from = random.pick([/./, /sns|dynamodb|sqs/, /sns/]);
      return {
        matches: ({ instance, service }) => instance.role === 'consumer' && from.test(service),
        trouble: () => ({ kind: 'refuse', error: toAwsError('ExpiredTokenException', 400) }),
      };
    },
  ),
  awsFault(
    'F49',
    'A key is disabled, or a right is missing, at the archive or the topic',
    { probability: 1 },
    (_world, random) => {
      const service = random.pick(['s3', 'sns'] as const);
      const name = random.pick(['AccessDenied', 'KMSAccessDeniedException', 'AuthorizationErrorException']);
      return {
        matches: (call) => call.service === service,
        trouble: () => ({ kind: 'refuse', error: toAwsError(name, 403) }),
      };
    },
  ),
];
