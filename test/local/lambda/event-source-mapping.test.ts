import { createHash } from 'node:crypto';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { MappingState } from '../../../lib/local/lambda/batch.ts';
import { toEventSourceMapping } from '../../../lib/local/lambda/event-source-mapping.ts';
import { bodiesOf } from '../aws/support.ts';
import { createGate, type Handler, withTestQueue } from './support.ts';

describe('event source mapping batches', () => {
  const { context, counts, start } = withTestQueue();

  test('a record has every field that Lambda gives it', async () => {
    const events: SQSEvent[] = [];
    const sent = await context.aws.send(context.queue, 'group', 'hello');
    const { until } = start((event) => void events.push(event));

    await until('batch-finished');

    const now = String(context.clock.nowMs());
    expect(events[0]?.Records).toEqual([
      {
        messageId: sent.MessageId,
        receiptHandle: expect.stringMatching(/.+/),
        body: 'hello',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: now,
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: now,
          SequenceNumber: sent.SequenceNumber,
          MessageGroupId: 'group',
          MessageDeduplicationId: 'hello',
        },
        messageAttributes: {},
        md5OfBody: createHash('md5').update('hello').digest('hex'),
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${context.queue.split('/').at(-1)}`,
        awsRegion: 'us-east-1',
      },
    ]);
  });

  test('a batch has at most batchSize messages, several of one group among them, in order', async () => {
    const batches: string[][] = [];
    for (const id of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'c2'])
      await context.aws.send(context.queue, id.slice(0, 1), id);
    const { until } = start((event) => void batches.push(event.Records.map(({ body }) => body)));

    await until('batch-finished', 2);

    expect(batches[0]).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
    expect(batches[1]).toEqual(['c1', 'c2']);
  });

  test('successes are deleted, reported failures stay hidden until their visibility ends', async () => {
    for (const id of ['a1', 'b1', 'c1']) await context.aws.send(context.queue, id, id);
    const seen: string[] = [];
    const { until } = start((event) => {
      seen.push(
        ...event.Records.map(({ body, attributes }) => `${body}:${attributes.ApproximateReceiveCount}`),
      );
      const failed = event.Records.filter(
        ({ body, attributes }) => body === 'b1' && attributes.ApproximateReceiveCount === '1',
      );
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });

    const [first] = await until('batch-finished');
    const between = await counts();
    await context.clock.advance(360_000);
    await until('batch-finished', 2);

    expect(first).toMatchObject({ messages: 3, failed: 1 });
    expect(between).toEqual({ visible: 0, inFlight: 1 });
    expect(seen).toEqual(['a1:1', 'b1:1', 'c1:1', 'b1:2']);
    expect(await counts()).toEqual({ visible: 0, inFlight: 0 });
  });

  test('a visibility that the handler itself gave to a message is kept when the message fails', async () => {
    await context.aws.send(context.queue, 'a', 'a1');
    const { until } = start(async ({ Records: [record] }) => {
      if (record === undefined || record.attributes.ApproximateReceiveCount === '2') return {};
      await context.aws.hide(context.queue, { ReceiptHandle: record.receiptHandle }, 20);
      return { batchItemFailures: [{ itemIdentifier: record.messageId }] };
    });

    await until('batch-finished');
    await context.clock.advance(19_000);
    const before = await counts();
    await context.clock.advance(1_000);
    await until('batch-finished', 2);

    expect(before).toEqual({ visible: 0, inFlight: 1 });
  });

  test.each<[string, Handler, string]>([
    ['an exception', () => Promise.reject(new Error('broken')), 'invocation-failed'],
    ['a thrown null', () => Promise.reject(null), 'invocation-failed'],
    [
      'an identifier of no message of the batch',
      () => ({ batchItemFailures: [{ itemIdentifier: 'other' }] }),
      'response-invalid',
    ],
    ['an empty identifier', () => ({ batchItemFailures: [{ itemIdentifier: '' }] }), 'response-invalid'],
    [
      'an identifier that is null',
      () => ({ batchItemFailures: [{ itemIdentifier: null }] }),
      'response-invalid',
    ],
  ])('%s fails the whole batch: nothing is deleted', async (_name, handler, event) => {
    for (const id of ['a1', 'b1']) await context.aws.send(context.queue, id, id);
    const { until, events } = start(handler);

    await until('batch-finished');

    expect(events.map(({ name }) => name)).toContain(event);
    expect(await counts()).toEqual({ visible: 0, inFlight: 2 });
  });
});

describe('event source mapping instances', () => {
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
});

describe('event source mapping lifetime', () => {
  const { context, counts, start } = withTestQueue();

  test('disable takes effect late: until then messages are delivered; enable likewise', async () => {
    const { mapping, until, named } = start(() => {}, { stateChangeMs: 3_000 });
    const states = [mapping.state];

    mapping.disable();
    await context.clock.advance(2_999);
    states.push(mapping.state);
    await context.aws.send(context.queue, 'a', 'still');
    await until('batch-finished', 1);
    await context.clock.advance(1);
    states.push(mapping.state);
    await context.aws.send(context.queue, 'a', 'not-now');
    mapping.enable();
    states.push(mapping.state);
    await context.clock.advance(2_999);
    const whileDisabled = named('batch-finished').length;
    await context.clock.advance(1);
    await until('batch-finished', 2);
    states.push(mapping.state);

    expect(states).toEqual(['Enabled', 'Disabling', 'Disabled', 'Enabling', 'Enabled']);
    expect(whileDisabled).toBe(1);
  });

  test('an enable that comes before a disable took effect wins', async () => {
    const { mapping, until } = start(() => {}, { stateChangeMs: 3_000 });

    mapping.disable();
    await context.clock.advance(1_000);
    mapping.enable();
    await context.clock.advance(10_000);
    await context.aws.send(context.queue, 'a');
    await until('batch-finished');

    expect(mapping.state).toBe('Enabled');
  });

  test('invocations that run when the mapping is disabled come to their end', async () => {
    const gate = createGate();
    await context.aws.send(context.queue, 'a');
    const { mapping, until } = start(() => gate.promise, { stateChangeMs: 1_000 });
    await until('batch-received');

    mapping.disable();
    await context.clock.advance(1_000);
    gate.resolve();
    await until('batch-finished');

    expect(await counts()).toEqual({ visible: 0, inFlight: 0 });
  });

  test('stop ends a long poll at once and takes no message with it', async () => {
    const { mapping, until } = start(() => {});
    await context.aws.send(context.queue, 'a');
    await until('batch-finished');

    const cutOff = await mapping.stop();
    await context.aws.send(context.queue, 'b', 'later');

    expect(cutOff).toBe(0);
    await expect.poll(async () => bodiesOf(await context.aws.receive(context.queue))).toEqual(['later']);
  });

  test('stop waits for running invocations, but not longer than asked, and ends their instances', async () => {
    const ended: string[] = [];
    await context.aws.send(context.queue, 'a');
    const createInvoker = () => ({
      invoke: () => new Promise<void>(() => {}),
      terminate: () => void ended.push('instance'),
    });
    const { mapping, until } = start(() => {}, { createInvoker });
    await until('batch-received');

    const stopping = mapping.stop({ graceMs: 5_000 });
    await context.clock.advance(5_000);

    expect(await stopping).toBe(1);
    expect(ended).toEqual(['instance']);
  });

  test('a queue that cannot be reached is tried again, at growing intervals', async () => {
    const { mapping, until, named } = start(() => {}, {
      queueUrl: context.queue.replace('test-', 'absent-'),
    });

    await until('poll-failed', 1);
    await context.clock.advance(500);
    await until('poll-failed', 2);
    await context.clock.advance(1_000);
    await until('poll-failed', 3);
    await mapping.stop();

    expect(named('poll-failed').map(({ retryMs }) => retryMs)).toEqual([500, 1_000, 2_000]);
  });

  test('idle resolves when no invocation runs', async () => {
    const gate = createGate();
    let isIdle = false;
    await context.aws.send(context.queue, 'a');
    const { mapping, until } = start(() => gate.promise);
    await until('batch-received');

    const idle = mapping.idle().then(() => {
      isIdle = true;
    });
    await context.clock.advance(1);
    const whileRunning = isIdle;
    gate.resolve();
    await idle;

    expect(whileRunning).toBe(false);
  });
});

describe('local mapping as the breaker turns it', () => {
  function createScene(state: MappingState) {
    const turned: string[] = [];
    const mapping = { state, enable: () => turned.push('on'), disable: () => turned.push('off') };
    return { turned, mapping: toEventSourceMapping(() => mapping) };
  }

  test.each([
    ['Enabled', 'on', [], ['off']],
    ['Enabling', 'changing', [], ['off']],
    ['Disabled', 'off', ['on'], []],
    ['Disabling', 'changing', ['on'], []],
  ] as const)(
    'a mapping that is %s reads %s, and is changed only where that is news',
    async (state, reads, on, off) => {
      const [one, other] = [createScene(state), createScene(state)];

      await one.mapping.turnOn();
      await other.mapping.turnOff();

      expect(await one.mapping.read()).toBe(reads);
      expect([one.turned, other.turned]).toEqual([on, off]);
    },
  );
});
