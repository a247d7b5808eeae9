import type { Random } from '../../../lib/local/simulator/random.ts';
import type { World } from '../world/world.ts';
import {
  disturbAws,
  disturbCrisp,
  drawServerError,
  type Fault,
  type FaultId,
  HOUR,
  MINUTE,
  pickSessionKey,
  refusal,
} from './fault.ts';

/** What operators do with dead letters, and what happens to them meanwhile. */
export const DEAD_LETTER_FAULTS: readonly Fault[] = [
  {
    id: 'F26',
    title: 'A batch of sends or deletes fails in part',
    lastsMs: [10 * MINUTE, 20 * MINUTE],
    inject: (world, random) => spoilBatches(world, 'F26', random, fail),
  },
  {
    id: 'F27',
    title: 'The answer to a batch says nothing of one entry',
    lastsMs: [10 * MINUTE, 20 * MINUTE],
    inject: (world, random) => spoilBatches(world, 'F27', random, omit),
  },
  {
    id: 'F50',
    title: 'Everything in the dead-letter queue is redriven at once, beside live traffic',
    inject(world, random) {
      void redriveAll(world, random.integer(1, 500));
      return undefined;
    },
  },
  {
    id: 'F51',
    title: 'A redrive is killed between its send and its delete',
    lastsMs: [MINUTE, 10 * MINUTE],
    inject(world, random) {
      const calm = world.strikes.add(({ instance, operation }) =>
        instance.role === 'operator' && operation.startsWith('sqs:') && random.chance(0.2)
          ? 'fault'
          : undefined,
      );
      void redriveSelected(world, random).then(() => redriveSelected(world, random));
      return calm;
    },
  },
  {
    id: 'F52',
    title: 'What dies again is redriven again and again',
    lastsMs: [10 * MINUTE, 3 * HOUR],
    inject(world) {
      let isOver = false;
      const again = async () => {
        while (!isOver) {
          await redriveAll(world, 500);
          await world.clock.sleep(10 * MINUTE);
        }
      };
      void again();
      return () => {
        isOver = true;
      };
    },
  },
  {
    id: 'F53',
    title: 'Two redrives at once',
    inject(world, random) {
      void redriveAll(world, 1);
      void (random.chance(0.5) ? redriveAll(world, 1) : redriveSelected(world, random));
      return undefined;
    },
  },
  {
    id: 'F54',
    title: 'A redrive while messages die',
    inject(world, random) {
      const dying = disturbAws(world, 'F54', {
        matches: ({ service, instance }) => /^s3|sns/.test(service) && instance.role === 'consumer',
        probability: 0.3,
        random,
        trouble: () => ({ kind: 'refuse', error: drawServerError(random) }),
      });
      void redriveSelected(world, random);
      return dying;
    },
  },
  {
    id: 'F60',
    title: 'A list of the dead letters while they are being redriven',
    inject(world) {
      void list(world);
      void redriveAll(world, 1);
      void list(world);
      return undefined;
    },
  },
];

/** Lets a session die, and disturbs the redrive that follows. */
function spoilBatches(
  world: World,
  id: FaultId,
  random: Random,
  tell: (output: unknown, id: string) => unknown,
): () => void {
  const spoiling = disturbAws(world, id, {
    matches: ({ action, instance }) => action.endsWith('Batch') && instance.role === 'operator',
    probability: 0.7,
    random,
    trouble: () => loseFirst(tell, random.chance(0.7)),
  });
  const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
  if (!conversation) return spoiling;
  const { key, websiteId, sessionId } = conversation;
  const dying = disturbCrisp(world, id, {
    matches: ({ sessionKey }) => sessionKey === key,
    probability: 1,
    random,
    answer: () => refusal(403, 'not_allowed'),
  });
  world.hooks.send({ name: 'session:set_data', websiteId, sessionId, data: {} }, {});
  // After the longest coalescing, and the receives that take it to the dead-letter queue.
  world.clock.schedule(world.clock.nowMs() + 9 * MINUTE, () => void redriveSelected(world, random));
  return () => {
    spoiling();
    dying();
  };
}

/** As the command line does it: SQS's own redrive where nothing speaks against it. */
export function redriveAll(
  world: World,
  ratePerSecond: number,
  filter: { sinceMs?: number } = {},
): Promise<void> {
  const action = filter.sinceMs === undefined ? 'dlq redrive' : 'dlq redrive --since';
  const { signal } = new AbortController();
  return world.operator.run(action, ({ deadLetters }) =>
    deadLetters.redrive({ filter, ratePerSecond, maxRedrives: 3, signal }),
  );
}

export function redriveSelected(world: World, random: Random): Promise<void> {
  return redriveAll(world, random.integer(1, 50), { sinceMs: world.settings.startMs });
}

function list(world: World): Promise<void> {
  return world.operator.run('dlq list', ({ deadLetters }) =>
    deadLetters.list({ filter: {}, signal: new AbortController().signal }),
  );
}

interface Batch {
  readonly Entries?: readonly { readonly Id?: string }[];
}

interface BatchOutput {
  readonly Successful?: readonly { readonly Id?: string }[];
  readonly Failed?: readonly object[];
}

/** The first entry of a batch is not told of as successful; `isTrue`: it did not take effect either. */
function loseFirst(tell: (output: unknown, id: string) => unknown, isTrue: boolean) {
  let lost = '';
  return {
    kind: 'change' as const,
    input(input: Readonly<Record<string, unknown>>) {
      const { Entries: [first, ...others] = [] }: Batch = input;
      lost = first?.Id ?? '';
      return isTrue ? { ...input, Entries: others } : input;
    },
    output: (output: unknown) => tell(output, lost),
  };
}

function fail(output: unknown, id: string): BatchOutput {
  // What the queue answers to a batch.
  const { Failed = [] } = output as BatchOutput;
  return { ...omit(output, id), Failed: [...Failed, { Id: id, SenderFault: false, Code: 'InternalError' }] };
}

function omit(output: unknown, id: string): BatchOutput {
  const { Successful = [], ...rest } = output as BatchOutput;
  return { ...rest, Successful: Successful.filter(({ Id }) => Id !== id) };
}
