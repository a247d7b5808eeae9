import { forge } from '../workload/strangers.ts';
import { currentState } from '../world/crisp/conversation.ts';
import type { DeliveryTrouble, HookEvent } from '../world/hooks/hook-sender.ts';
import type { World } from '../world/world.ts';
import { disturbAws, drawServerError } from './aws-fault.ts';
import { type Fault, type FaultId, MINUTE, noteFault, nothingToEnd } from './fault.ts';

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

export function disturbDeliveries(
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
