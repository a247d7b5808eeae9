import { expect, test } from 'vitest';
import { bodiesOf } from '../aws/support/start-local-aws.ts';
import { createGate } from './support/start-mapping.ts';
import { withTestQueue } from './support/with-test-queue.ts';

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
  const { mapping, until, named } = start(() => {}, { queueUrl: context.queue.replace('test-', 'absent-') });

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
