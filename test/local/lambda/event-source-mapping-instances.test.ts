import { expect, test } from 'vitest';
import { createGate } from './support/start-mapping.ts';
import { withTestQueue } from './support/with-test-queue.ts';

const { context, counts, start } = withTestQueue();

test('no more than maximumConcurrency invocations run at once, each on an instance of its own', async () => {
  const gate = createGate();
  const active = new Map<number, number>();
  let instances = 0;
  let most = 0;
  for (let index = 0; index < 20; index += 1) await context.aws.send(context.queue, `g${index}`);
  const createInvoker = () => {
    instances += 1;
    const instance = instances;
    return {
      async invoke() {
        active.set(instance, (active.get(instance) ?? 0) + 1);
        most = Math.max(most, ...active.values());
        await gate.promise;
        active.set(instance, 0);
      },
    };
  };
  const { until, named } = start(() => {}, { maximumConcurrency: 3, batchSize: 2, createInvoker });

  await until('batch-received', 3);
  const whileBusy = { received: named('batch-received').length, ...(await counts()) };
  gate.resolve();
  await until('batch-finished', 10);

  expect(whileBusy).toEqual({ received: 3, visible: 14, inFlight: 6 });
  expect(instances).toBe(3);
  expect(most).toBe(1);
});

test('a warm instance is used again, with the state of its module', async () => {
  let instances = 0;
  const states: number[] = [];
  const createInvoker = () => {
    instances += 1;
    const invocations: number[] = [];
    return { invoke: async () => void states.push(invocations.push(0)) };
  };
  const { until } = start(() => {}, { createInvoker });

  for (const [index, id] of ['a', 'b', 'c'].entries()) {
    await context.aws.send(context.queue, id);
    await until('batch-finished', index + 1);
  }

  expect(instances).toBe(1);
  expect(states).toEqual([1, 2, 3]);
});

test('messages of a group whose batch is running are not given to another instance', async () => {
  const gate = createGate();
  const batches: string[][] = [];
  await context.aws.send(context.queue, 'a', 'a1');
  const { until } = start(async (event) => {
    const bodies = event.Records.map(({ body }) => body);
    batches.push(bodies);
    if (bodies.includes('a1')) await gate.promise;
  });
  await until('batch-received');

  await context.aws.send(context.queue, 'a', 'a2');
  await context.aws.send(context.queue, 'b', 'b1');
  await until('batch-finished', 1);
  const whileRunning = [...batches];
  gate.resolve();
  await until('batch-finished', 3);

  expect(whileRunning).toEqual([['a1'], ['b1']]);
  expect(batches.at(-1)).toEqual(['a2']);
});

test('the context counts down to the deadline', async () => {
  const gate = createGate();
  const remaining: number[] = [];
  await context.aws.send(context.queue, 'a');
  const { until } = start(
    async (_event, context) => {
      remaining.push(context.getRemainingTimeInMillis());
      await gate.promise;
      remaining.push(context.getRemainingTimeInMillis());
    },
    { timeoutSeconds: 30 },
  );
  await until('batch-received');

  await context.clock.advance(12_000);
  gate.resolve();
  await until('batch-finished');

  expect(remaining).toEqual([30_000, 18_000]);
});

test('after the timeout the batch has failed, its late result counts for nothing, and its instance ends', async () => {
  const gate = createGate();
  const ended: number[] = [];
  let instances = 0;
  await context.aws.send(context.queue, 'a', 'a1');
  const createInvoker = () => {
    instances += 1;
    const instance = instances;
    return { invoke: () => gate.promise, terminate: () => void ended.push(instance) };
  };
  const { until, named } = start(() => {}, { timeoutSeconds: 30, createInvoker });
  await until('batch-received');

  await context.clock.advance(30_000);
  await until('batch-finished');
  gate.resolve();
  await context.aws.send(context.queue, 'b', 'b1');
  await until('batch-finished', 2);

  expect(named('invocation-timed-out')).toHaveLength(1);
  expect(await counts()).toEqual({ visible: 0, inFlight: 1 });
  expect(ended).toEqual([1]);
  expect(instances).toBe(2);
});

test('an instance that cannot be made fails the batch, and the next batch gets another try', async () => {
  let tries = 0;
  await context.aws.send(context.queue, 'a');
  const createInvoker = () => {
    tries += 1;
    if (tries === 1) throw new Error('module not found');
    return { invoke: async () => {} };
  };
  const { until } = start(() => {}, { createInvoker });

  await until('invocation-failed');
  await context.aws.send(context.queue, 'b');
  await until('batch-finished');

  expect(tries).toBe(2);
});

test('a thousand messages of two hundred groups are each handled once, in the order of their group', async () => {
  const seen = new Map<string, number[]>();
  for (let index = 0; index < 1000; index += 200) {
    await Promise.all(
      Array.from({ length: 200 }, (_, group) =>
        context.aws.send(context.queue, `g${group}`, `${index + group}`),
      ),
    );
  }
  const { until, named } = start((event) => {
    for (const { attributes, body } of event.Records) {
      const group = attributes.MessageGroupId ?? '';
      seen.set(group, [...(seen.get(group) ?? []), Number(body)]);
    }
  });

  await until('batch-finished', 200);

  expect(named('batch-finished').reduce((sum, { messages }) => sum + messages, 0)).toBe(1000);
  expect(seen.size).toBe(200);
  for (const indexes of seen.values()) {
    expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
    expect(indexes).toHaveLength(5);
  }
});
