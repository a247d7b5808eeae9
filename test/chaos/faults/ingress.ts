import { forge } from '../workload.ts';
import { toAwsError } from '../world/aws/call.ts';
import { currentState } from '../world/crisp-store.ts';
import type { DeliveryTrouble, HookEvent } from '../world/hooks.ts';
import { SECRETS } from '../world/settings.ts';
import type { World } from '../world/world.ts';
import {
  answering,
  disturbAws,
  disturbCrisp,
  drawServerError,
  type Fault,
  type FaultId,
  MINUTE,
  noteFault,
  nothingToEnd,
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
  {
    id: 'F14',
    title: "Crisp's clock is ahead, within the tolerance of five minutes and beyond it",
    inject: (world, random) =>
      disturbDeliveries(world, 'F14', () => {
        const isTooFar = random.chance(0.4) && world.hooks.habits.mode === 'plugin';
        return isTooFar
          ? { timestampShiftMs: 25 * MINUTE, isGenuine: false, isOnce: true }
          : { timestampShiftMs: 298 * SECOND };
      }),
  },
  {
    id: 'F15',
    title: 'The timestamp is in seconds or in milliseconds',
    inject: (world, random) =>
      disturbDeliveries(world, 'F15', () => ({ timestampUnit: random.pick(['s', 'ms']) })),
  },
  {
    id: 'F16',
    title: 'The body comes in Base64',
    inject: (world) => disturbDeliveries(world, 'F16', () => ({ isBase64: !world.hooks.habits.isBase64 })),
  },
  {
    id: 'F17',
    title: 'A proxy writes the JSON anew on its way',
    inject(world, random) {
      const rewrite = (body: Buffer) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
      return disturbDeliveries(world, 'F17', () =>
        random.chance(0.5)
          ? { changeBody: rewrite, isGenuine: world.hooks.habits.mode === 'website', isOnce: true }
          : undefined,
      );
    },
  },
];

/** What can go wrong between Crisp and the queue. */
export const INGRESS_FAULTS: readonly Fault[] = [
  {
    id: 'F1',
    title: 'Duplicate deliveries: the answer is lost, or Crisp sends the same bytes several times',
    inject: (world, random) =>
      disturbDeliveries(world, 'F1', () =>
        random.chance(0.5) ? { losesAnswer: true, resigns: false } : { copies: random.integer(1, 4) },
      ),
  },
  {
    id: 'F2',
    title: 'A retry with a new timestamp and signature over the same body',
    inject: (world) => disturbDeliveries(world, 'F2', () => ({ losesAnswer: true, resigns: true })),
  },
  {
    id: 'F3',
    title:
      'A delivery comes again with its first timestamp, minutes to an hour later, or is older than allowed',
    inject: (world, random) =>
      disturbDeliveries(world, 'F3', () => {
        const isOld = random.chance(0.2) && world.hooks.habits.mode === 'plugin';
        return isOld
          ? { timestampShiftMs: -25 * 60 * MINUTE, isGenuine: false, isOnce: true }
          : { replaysAfterMs: [1, 6, 60].map((minutes) => minutes * MINUTE) };
      }),
  },
  {
    id: 'F4',
    title: "A session's events arrive in another order",
    inject: (world, random) =>
      disturbDeliveries(world, 'F4', () => ({ delayMs: random.integer(0, 3 * MINUTE) })),
  },
  {
    id: 'F5',
    title: 'The queue refuses sends, throttles, or cannot be reached',
    inject: (world, random) =>
      disturbSends(world, random, () => ({ kind: 'refuse', error: drawServerError(random) }), 'F5'),
  },
  {
    id: 'F6',
    title: 'The queue takes a message and its answer is lost',
    inject: (world, random) => disturbSends(world, random, () => ({ kind: 'lose-answer' }), 'F6'),
  },
  {
    id: 'F7',
    title: 'The queue takes up to ten seconds',
    inject: (world, random) =>
      disturbSends(world, random, () => ({ kind: 'slow', delayMs: random.integer(2_000, 10_000) }), 'F7'),
  },
  {
    id: 'F8',
    title: 'The webhook is killed between its send and its answer',
    inject(world, random) {
      return world.strikes.add(({ instance, operation, when }) =>
        instance.role === 'webhook' &&
        operation === 'sqs:SendMessage' &&
        when === 'after' &&
        random.chance(0.5)
          ? 'fault'
          : undefined,
      );
    },
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
      if (!conversation || !currentState(conversation).fields) return nothingToEnd;
      noteFault(world, 'F10', 'delivery');
      const { websiteId, sessionId } = conversation;
      const event: HookEvent = {
        name: 'session:set_data',
        websiteId,
        sessionId,
        data: { data: { seats: 3 } },
      };
      for (let each = random.integer(30, 120); each > 0; each -= 1)
        world.hooks.send(event, { delayMs: random.integer(0, 2000) });
      return nothingToEnd;
    },
  },
  {
    id: 'F12',
    title: 'A flood of forged deliveries',
    lastsMs: [1_000, 2_000],
    inject(world, random) {
      noteFault(world, 'F12', 'delivery');
      for (let each = random.integer(30, 120); each > 0; each -= 1) forge(world, random);
      return nothingToEnd;
    },
  },
];

function disturbDeliveries(
  { hooks }: World,
  fault: FaultId,
  trouble: (event: HookEvent) => DeliveryTrouble | undefined,
): () => void {
  return hooks.disturbances.add((event) => {
    const found = trouble(event);
    return found && { ...found, fault };
  });
}

type DisturbAws = Parameters<typeof disturbAws>;

function disturbSends(
  world: World,
  random: DisturbAws[2]['random'],
  trouble: DisturbAws[2]['trouble'],
  fault: DisturbAws[1],
): () => void {
  return disturbAws(world, fault, {
    matches: ({ action, instance }) => action === 'SendMessage' && instance.role === 'webhook',
    probability: random.pick([0.3, 1]),
    random,
    trouble,
  });
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
  {
    id: 'F47',
    title: 'The token lacks a scope on one website',
    inject(world, random) {
      const websiteId = random.pick(world.settings.websiteIds);
      return disturbCrisp(world, 'F47', {
        matches: ({ question }) => question.websiteId === websiteId && question.sessionId !== undefined,
        probability: 1,
        random,
        trouble: () => answering(() => refusal(403, 'not_allowed')),
      });
    },
  },
  {
    id: 'F48',
    title: 'The AWS credentials of an instance expire',
    inject(world, random) {
      const from = random.pick([/./, /sns|dynamodb|sqs/, /sns/]);
      return disturbAws(world, 'F48', {
        matches: ({ instance, service }) => instance.role === 'consumer' && from.test(service),
        probability: random.pick([0.2, 1]),
        random,
        trouble: () => ({ kind: 'refuse', error: toAwsError('ExpiredTokenException', 400) }),
      });
    },
  },
  {
    id: 'F49',
    title: 'A key is disabled, or a right is missing, at the archive or the topic',
    inject(world, random) {
      const service = random.pick(['s3', 'sns'] as const);
      const name = random.pick(['AccessDenied', 'KMSAccessDeniedException', 'AuthorizationErrorException']);
      return disturbAws(world, 'F49', {
        matches: (call) => call.service === service,
        probability: 1,
        random,
        trouble: () => ({ kind: 'refuse', error: toAwsError(name, 403) }),
      });
    },
  },
];
