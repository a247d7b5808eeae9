import type { Random } from '../../../lib/local/simulator/random.ts';
import { enqueue } from '../workload.ts';
import type { Instance } from '../world/instances.ts';
import type { World } from '../world/world.ts';
import {
  awsFault,
  disturbAws,
  disturbCrisp,
  drawServerError,
  type Fault,
  type FaultId,
  HOUR,
  MINUTE,
  noteFault,
  pickSessionKey,
} from './fault.ts';

/** What can happen to an instance of the consumer and to its batches. */
export const CONSUMER_FAULTS: readonly Fault[] = [
  {
    id: 'F18',
    title: 'A message is delivered again, while it is being processed or after it was done',
    inject: (world, random) =>
      random.chance(0.5)
        ? shortenVisibility(world, 'F18', () => random.integer(1, 20))
        : troubleMapping(world, 'F18', 'losesDelete', () => random.chance(0.5)),
  },
  deadlyFault('F19', "The function's time is up in the middle of a batch", /./, 0.03, 'timeout'),
  deadlyFault(
    'F20',
    'The consumer is killed after the record was announced and before the batch is answered',
    /^(dynamodb|sqs):/,
  ),
  {
    id: 'F21',
    title: 'A message that is no JSON',
    lastsMs: [1_000, 2_000],
    inject(world, random) {
      noteFault(world, 'F21', 'queue');
      for (let each = random.integer(1, 3); each > 0; each -= 1)
        enqueue(world, `{"broken" ${random.hex(4)}`, random);
      return undefined;
    },
  },
  awsFault('F22', 'Something throws what is no error', { probability: 0.1 }, (_world, random) => ({
    matches: ({ instance, service }) => instance.role === 'consumer' && service !== 'lambda',
    trouble: () => ({ kind: 'refuse', error: random.pick(NO_ERRORS) }),
  })),
  {
    id: 'F23',
    title: "A session's content exhausts the memory: the whole instance dies of it",
    lastsMs: [10 * MINUTE, 26 * HOUR],
    inject: (world, random) => poisonSession(world, 'F23', random, (instance) => instance.kill('memory')),
  },
  {
    id: 'F24',
    title: "A session's content leads into an endless loop",
    lastsMs: [10 * MINUTE, 6 * HOUR],
    inject: (world, random) => poisonSession(world, 'F24', random, (instance) => instance.freeze()),
  },
  {
    id: 'F28',
    title: 'A subscriber of the topic refuses: deliveries come late, and more than once',
    inject(world, random) {
      noteFault(world, 'F28', 'delivery');
      world.sns.disturbDelivery = () => ({
        copiesAfterMs: Array.from({ length: random.integer(1, 3) }, () => random.integer(10, 10 * MINUTE)),
      });
      return () => {
        world.sns.disturbDelivery = undefined;
      };
    },
  },
  {
    id: 'F30',
    title: 'The response names a message that was not in the batch, or none',
    inject(world, random) {
      const { troubles } = world.mapping;
      troubles.changeResponse = (response) => {
        if (!random.chance(0.3)) return response;
        noteFault(world, 'F30', 'response');
        const itemIdentifier = random.pick(['', null, 'a-message-of-nobody']);
        return { batchItemFailures: [{ itemIdentifier }] };
      };
      return () => delete troubles.changeResponse;
    },
  },
  {
    id: 'F61',
    title: 'Lambda throttles the function: messages are received and never handled',
    inject: (world, random) => troubleMapping(world, 'F61', 'dropsBatch', () => random.chance(0.6)),
  },
  {
    id: 'F62',
    title: 'The answer to a receive is lost',
    inject: (world, random) => troubleMapping(world, 'F62', 'dropsBatch', () => random.chance(0.3)),
  },
  {
    id: 'F63',
    title: "A run takes longer than the messages' visibility",
    inject(world, random) {
      const calm = shortenVisibility(world, 'F63', () => random.integer(0, 3));
      const hurry = world.crisp.disturbances.add(() => ({
        fault: 'F63',
        kind: 'slow-body',
        chunks: 3,
        chunkMs: 900,
      }));
      return () => {
        calm();
        hurry();
      };
    },
  },
  deadlyFault(
    'F64',
    'The consumer is killed just before or just after the topic takes a record',
    /^(sns|s3):/,
  ),
];

// The last one cannot even be looked at.
const NO_ERRORS = [
  'canary-thrown',
  null,
  undefined,
  Object.freeze({ message: 'canary-thrown' }),
  Object.defineProperty({}, 'name', {
    get() {
      throw new Error('canary-thrown');
    },
  }),
];

/** An instance of the consumer dies of some of these operations. */
function deadlyFault(
  id: FaultId,
  title: string,
  operations: RegExp,
  probability = 0.15,
  why: 'fault' | 'timeout' = 'fault',
): Fault {
  const inject: Fault['inject'] = (world, random) =>
    world.strikes.add(({ instance, operation }) =>
      instance.role === 'consumer' && operations.test(operation) && random.chance(probability)
        ? why
        : undefined,
    );
  return { id, title, inject };
}

function poisonSession(
  world: World,
  id: FaultId,
  random: Random,
  harm: (instance: Instance) => void,
): (() => void) | undefined {
  const poisoned = pickSessionKey(world, random);
  if (poisoned === undefined) return undefined;
  return world.crisp.disturbances.add(({ sessionKey, instance, question }) => {
    if (sessionKey !== poisoned || instance.role !== 'consumer') return undefined;
    // Conversations are harmless; what is said in them is not.
    if (question.route !== 'website/conversation/messages') return undefined;
    noteFault(world, id, 'memory');
    harm(instance);
    return undefined;
  });
}

function shortenVisibility(world: World, id: FaultId, seconds: () => number): () => void {
  const { clock, mapping } = world;
  mapping.troubles.visibilitySeconds = () => {
    // After the receive that it is about.
    clock.schedule(clock.nowMs(), () => noteFault(world, id, 'queue'));
    return seconds();
  };
  return () => delete mapping.troubles.visibilitySeconds;
}

function troubleMapping(
  world: World,
  id: FaultId,
  name: 'losesDelete' | 'dropsBatch',
  isStruck: () => boolean,
): () => void {
  const { troubles } = world.mapping;
  troubles[name] = () => {
    if (!isStruck()) return false;
    noteFault(world, id, 'queue');
    return true;
  };
  return () => delete troubles[name];
}

/** The ledger, and traffic that is not spread evenly. */
export const PLATFORM_FAULTS: readonly Fault[] = [
  {
    id: 'F58',
    title: 'The ledger is away while messages die',
    inject(world, random) {
      const away = disturbAws(world, 'F58', {
        matches: ({ service }) => service === 'dynamodb',
        probability: 1,
        random,
        trouble: () => ({ kind: 'refuse', error: drawServerError(random) }),
      });
      const dying = disturbCrisp(world, 'F58', {
        matches: ({ sessionKey = '' }) => sessionKey.endsWith('7'),
        probability: 1,
        random,
        answer: () => ({ status: 400, body: '{"error":true,"reason":"invalid_data"}' }),
      });
      return () => {
        away();
        dying();
      };
    },
  },
  awsFault(
    'F65',
    'The ledger is slow, forgets its answers, or fails',
    { probability: [0.2, 0.6] },
    (_world, random) => ({
      matches: ({ service }) => service === 'dynamodb',
      trouble: () =>
        random.pick([
          { kind: 'slow', delayMs: random.integer(200, 3000) },
          { kind: 'lose-answer' },
          { kind: 'refuse', error: drawServerError(random) },
        ]),
    }),
  ),
  {
    id: 'F67',
    title: 'One website sends nearly all the traffic',
    lastsMs: [60_000, 60_001],
    inject(world, random) {
      const websiteId = random.pick(world.settings.websiteIds);
      const busy = world.crisp.store.conversations.filter((each) => each.websiteId === websiteId);
      if (busy.length === 0) return undefined;
      noteFault(world, 'F67', 'delivery');
      for (let each = random.integer(20, 80); each > 0; each -= 1) {
        const { sessionId } = random.pick(busy);
        const event = { name: 'session:set_data', websiteId, sessionId, data: { data: { seats: 3 } } };
        world.hooks.send(event, { delayMs: random.integer(0, 60_000) });
      }
      return undefined;
    },
  },
];
