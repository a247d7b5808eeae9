import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { createWorkerInvoker } from '../../../lib/local/lambda/create-worker-invoker.ts';
import { invokeWithDeadline } from '../../../lib/local/lambda/invoke-with-deadline.ts';
import type { Invoker } from '../../../lib/local/lambda/invoker.ts';
import { createLambdaContext } from '../../../lib/local/lambda/lambda-context.ts';
import { toSqsEvent } from '../../../lib/local/lambda/to-sqs-event.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const MODULE = new URL('support/odd-function.ts', import.meta.url);
const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:q';

const invokers: Invoker[] = [];

afterEach(async () => {
  await Promise.all(invokers.splice(0).map((invoker) => invoker.terminate?.()));
});

function createInstance(options: { memoryMb?: number; handlerName?: string } = {}): Invoker {
  const invoker = createWorkerInvoker({ module: MODULE, env: { STAGE: 'test' }, ...options });
  invokers.push(invoker);
  return invoker;
}

function invoke(invoker: Invoker, body: string): Promise<unknown> {
  const context = createLambdaContext({
    functionName: 'odd',
    clock: systemClock,
    deadlineMs: systemClock.nowMs() + 60_000,
  });
  return invoker.invoke(toSqsEvent([{ Body: body }], QUEUE_ARN), context);
}

test('an instance keeps the state of its module; another has its own', async () => {
  const [one, other] = [createInstance(), createInstance()];

  await invoke(one, 'count');
  const results = [await invoke(one, 'count'), await invoke(other, 'count')];

  expect(results).toEqual([
    expect.objectContaining({
      invocations: 2,
      stage: 'test',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    }),
    expect.objectContaining({ invocations: 1 }),
  ]);
});

test('the deadline is known inside', async () => {
  const result = await invoke(createInstance(), 'count');

  // What the thread itself took to start is the instance's own time.
  expect(result).toEqual(expect.objectContaining({ remainingMs: expect.closeTo(60_000, -4) }));
});

test('what the handler throws comes out with its name, and the instance goes on', async () => {
  const instance = createInstance();

  await expect(invoke(instance, 'throw')).rejects.toThrow(
    expect.objectContaining({ name: 'TypeError', message: 'broken' }),
  );
  await expect(invoke(instance, 'count')).resolves.toEqual(expect.objectContaining({ invocations: 2 }));
});

test('a response that cannot be written as JSON is an error of the function', async () => {
  await expect(invoke(createInstance(), 'bigint')).rejects.toThrow(/BigInt/);
});

test('a module without the handler is an error of the invocation', async () => {
  await expect(invoke(createInstance({ handlerName: 'absent' }), 'count')).rejects.toThrow();
});

test('an instance that ends itself fails its invocation; the next one gets a new instance', async () => {
  const instance = createInstance();

  await expect(invoke(instance, 'exit')).rejects.toThrow(/exit code 3/);
  await expect(invoke(instance, 'count')).resolves.toEqual(expect.objectContaining({ invocations: 1 }));
});

test('an instance that uses up its memory dies alone', async () => {
  const [hungry, other] = [createInstance({ memoryMb: 32 }), createInstance()];

  await expect(invoke(hungry, 'exhaust')).rejects.toThrow(/memory limit/);
  await expect(invoke(other, 'count')).resolves.toBeDefined();
});

test('an endless loop ends at the deadline, with the instance', async () => {
  const clock = createVirtualClock();
  const instance = createInstance();
  await invoke(instance, 'count');
  const running = invokeWithDeadline(instance, toSqsEvent([{ Body: 'loop' }], QUEUE_ARN), {
    functionName: 'odd',
    timeoutSeconds: 600,
    clock,
    cutOff: new AbortController().signal,
  });

  await clock.advance(600_000);
  const result = await running;
  await instance.terminate?.();

  expect(result).toEqual({ outcome: 'timed-out' });
  await expect(invoke(instance, 'count')).resolves.toEqual(expect.objectContaining({ invocations: 1 }));
});
