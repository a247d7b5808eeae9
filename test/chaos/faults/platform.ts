import { disturbAws, drawServerError } from './aws-fault.ts';
import { disturbCrisp } from './crisp-fault.ts';
import { type Fault, noteFault, nothingToEnd } from './fault.ts';

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
        trouble: () => ({
          kind: 'answer',
          answer: () => ({ status: 400, body: '{"error":true,"reason":"invalid_data"}' }),
        }),
      });
      return () => {
        away();
        dying();
      };
    },
  },
  {
    id: 'F65',
    title: 'The ledger is slow, forgets its answers, or fails',
    inject: (world, random) =>
      disturbAws(world, 'F65', {
        matches: ({ service }) => service === 'dynamodb',
        probability: random.pick([0.2, 0.6]),
        random,
        trouble: () =>
          random.pick([
            { kind: 'slow', delayMs: random.integer(200, 3000) },
            { kind: 'lose-answer' },
            { kind: 'refuse', error: drawServerError(random) },
          ]),
      }),
  },
  {
    id: 'F67',
    title: 'One website sends nearly all the traffic',
    lastsMs: [60_000, 60_001],
    inject(world, random) {
      const websiteId = random.pick(world.settings.websiteIds);
      const busy = world.crisp.store.conversations.filter((each) => each.websiteId === websiteId);
      if (busy.length === 0) return nothingToEnd;
      noteFault(world, 'F67', 'delivery');
      for (let each = random.integer(20, 80); each > 0; each -= 1) {
        const { sessionId } = random.pick(busy);
        const event = { name: 'session:set_data', websiteId, sessionId, data: { data: { seats: 3 } } };
        world.hooks.send(event, { delayMs: random.integer(0, 60_000) });
      }
      return nothingToEnd;
    },
  },
];
